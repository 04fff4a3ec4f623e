/** What CloudFront does with a request, by the recorded distribution and the code of its functions. */
import { runInNewContext } from 'node:vm';
import * as z from 'zod/mini';
import type { inside } from './deployed.ts';

type Stack = ReturnType<typeof inside>;

export type Routed =
  /** The request goes on to this host, with this path. */
  | {
      readonly kind: 'origin';
      readonly host: string;
      readonly path: string;
      readonly behavior: Behavior;
    }
  /** The function at the edge has answered. */
  | { readonly kind: 'answered'; readonly statusCode: number };

const behaviorSchema = z.looseObject({
  pathPattern: z.optional(z.string()),
  targetOriginId: z.string(),
  viewerProtocolPolicy: z.string(),
  cachePolicyId: z.string(),
  originRequestPolicyId: z.string(),
  responseHeadersPolicyId: z.optional(z.string()),
  functionAssociations: z.optional(
    z.array(z.object({ eventType: z.string(), functionArn: z.string() })),
  ),
});
export type Behavior = z.infer<typeof behaviorSchema>;

const distributionSchema = z.looseObject({
  aliases: z.array(z.string()),
  origins: z.array(z.looseObject({ originId: z.string(), domainName: z.string() })),
  defaultCacheBehavior: behaviorSchema,
  orderedCacheBehaviors: z._default(z.array(behaviorSchema), []),
});

/** Of the domain. Throws where the stack has none. */
export const distributionOf = (stack: Stack) =>
  distributionSchema.parse(stack.inputs('Distribution', 'DomainCdnDistribution'));

/** `values`: what the key value store at the edge has; by default what the stack puts into it. */
export async function route(
  stack: Stack,
  path: string,
  host: string,
  values: ReadonlyMap<string, string> = valuesOf(stack),
): Promise<Routed> {
  const { origins, defaultCacheBehavior, orderedCacheBehaviors } = distributionOf(stack);
  // The first pattern that matches decides.
  const behavior =
    orderedCacheBehaviors.find(({ pathPattern = '' }) => matches(pathPattern, path)) ??
    defaultCacheBehavior;
  const target = origins.find(({ originId }) => originId === behavior.targetOriginId);
  const unrouted = { kind: 'origin', host: target?.domainName ?? '', path, behavior } as const;
  const edge = behavior.functionAssociations?.find(
    ({ eventType }) => eventType === 'viewer-request',
  );
  return edge === undefined
    ? unrouted
    : atEdge(codeOf(stack, edge.functionArn), values, unrouted, host);
}

/** Developer guide of CloudFront, "Path pattern": `*` is any number of characters, `?` is one. */
const matches = (pattern: string, path: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(path);

const codeOf = (stack: Stack, arn: string): string =>
  z
    .object({ code: z.string() })
    .parse(stack.inputs('Function', arn.slice(arn.lastIndexOf(':') + 1))).code;

const changedOrigin = z.looseObject({ domainName: z.string() });
const answerSchema = z.union([z.object({ statusCode: z.number() }), z.object({ uri: z.string() })]);

async function atEdge(
  code: string,
  values: ReadonlyMap<string, string>,
  unrouted: Extract<Routed, { kind: 'origin' }>,
  host: string,
): Promise<Routed> {
  let { host: origin } = unrouted;
  const cf = {
    kvs: () => ({
      get: async (key: string) => {
        const value = values.get(key);
        if (value === undefined) throw new Error('KeyNotFound');
        return value;
      },
    }),
    updateRequestOrigin: (changed: unknown) => {
      origin = changedOrigin.parse(changed).domainName;
    },
  };
  const event = {
    request: {
      method: 'GET',
      uri: unrouted.path,
      headers: { host: { value: host } },
      cookies: {},
      querystring: {},
    },
  };
  const script = `${code.replace('import cf from "cloudfront";', '')}; handler(event)`;
  const answer = answerSchema.parse(await runInNewContext(script, { cf, event }));
  return 'statusCode' in answer
    ? { kind: 'answered', statusCode: answer.statusCode }
    : { ...unrouted, host: origin, path: answer.uri };
}

const keysSchema = z.looseObject({
  namespace: z.string(),
  entries: z.record(z.string(), z.string()),
});
const routeSchema = z.looseObject({ namespace: z.string(), key: z.string(), entry: z.string() });

/** The key value store, as the recorded resources fill it. */
function valuesOf(stack: Stack): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const routes = new Map<string, string[]>();
  for (const { inputs } of stack.ofType('pulumi-nodejs:dynamic:Resource')) {
    const keys = keysSchema.safeParse(inputs);
    if (keys.success)
      for (const [key, value] of Object.entries(keys.data.entries))
        values.set(`${keys.data.namespace}:${key}`, value);
    const added = routeSchema.safeParse(inputs);
    if (added.success) {
      const key = `${added.data.namespace}:${added.data.key}`;
      routes.set(key, [...(routes.get(key) ?? []), added.data.entry]);
    }
  }
  for (const [key, entries] of routes) values.set(key, JSON.stringify(entries));
  return values;
}
