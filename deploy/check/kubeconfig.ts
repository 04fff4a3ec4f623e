import { parse } from 'yaml';
import * as z from 'zod/mini';
import { decodeJwt, errors } from 'jose';
import { isLoopback } from '../aws-access.ts';
import { type Finding, findingsOf } from './finding.ts';

const { problem, warning } = findingsOf('cluster');

const kubeconfigSchema = z.looseObject({
  'current-context': z.optional(z.string()),
  contexts: z._default(
    z.array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({ cluster: z.string(), user: z.string() }),
      }),
    ),
    [],
  ),
  clusters: z._default(
    z.array(
      z.looseObject({
        name: z.string(),
        cluster: z.looseObject({
          server: z.optional(z.string()),
          'certificate-authority': z.optional(z.string()),
        }),
      }),
    ),
    [],
  ),
  users: z._default(
    z.array(
      z.looseObject({
        name: z.string(),
        user: z.nullish(
          z.looseObject({
            exec: z.optional(z.looseObject({ command: z.optional(z.string()) })),
            'auth-provider': z.optional(z.unknown()),
            'client-certificate': z.optional(z.string()),
            'client-key': z.optional(z.string()),
            tokenFile: z.optional(z.string()),
            token: z.optional(z.string()),
          }),
        ),
      }),
    ),
    [],
  ),
});

export type Place = {
  readonly now: Date;
  /** The functions run on this machine, not at AWS. */
  readonly isEmulated: boolean;
  /** The functions run in a network of the owner. */
  readonly hasVpc: boolean;
  /** The command that writes the kubeconfig again. */
  readonly command: string;
};

/**
 * What in a kubeconfig works on a laptop and not in a function. What is no kubeconfig at all has no
 * findings: the adapter of the functions reports it.
 */
export function judgeKubeconfig(yaml: string, place: Place): readonly Finding[] {
  const parsed = kubeconfigSchema.safeParse(parsedYaml(yaml));
  if (!parsed.success) return [];
  const { contexts, clusters, users, 'current-context': current } = parsed.data;
  const context = contexts.find(({ name }) => name === current)?.context;
  const cluster = clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = users.find(({ name }) => name === context?.user)?.user;
  const token = `Use a token of the ServiceAccount muster-sweep: see docs/cluster-access.md. Then: ${place.command}`;
  const found: Finding[] = [];
  if (user?.exec !== undefined)
    found.push(
      problem(
        `The kubeconfig starts the program ${user.exec.command ?? 'of its exec plugin'}, which no function has.`,
        token,
      ),
    );
  if (user?.['auth-provider'] !== undefined)
    found.push(problem('The kubeconfig has an auth-provider, which no function has.', token));
  const files = Object.entries({
    'certificate-authority': cluster?.['certificate-authority'],
    'client-certificate': user?.['client-certificate'],
    'client-key': user?.['client-key'],
    tokenFile: user?.tokenFile,
  }).filter(([, path]) => path !== undefined);
  if (files.length > 0)
    found.push(
      problem(
        `The kubeconfig names files of this machine: ${files.map(([name]) => name).join(', ')}.`,
        `Put their content into it: kubectl config view --raw --minify --flatten. Then: ${place.command}`,
      ),
    );
  const server = URL.parse(cluster?.server ?? '');
  if (server !== null && !place.isEmulated) found.push(...judgeAddress(server, place));
  if (user?.token !== undefined) found.push(...judgeToken(user.token, place.now, token));
  return found;
}

function judgeAddress({ hostname, host }: URL, { hasVpc, command }: Place): readonly Finding[] {
  if (isLoopback(hostname))
    return [
      problem(
        `The kubeconfig names ${host}, which is this machine. No function reaches it.`,
        `Set the public address of the API server in the kubeconfig. Then: ${command}`,
      ),
    ];
  if (!hasVpc && isPrivate(hostname))
    return [
      problem(
        `The API server has the private address ${hostname}, and the functions run outside your network.`,
        'Add VPC_SUBNETS and VPC_SECURITY_GROUPS to .env, or set the public address of the API server.',
      ),
    ];
  return [];
}

/** RFC 1918. A name is not resolved: the functions may have other DNS servers. */
const isPrivate = (hostname: string): boolean =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/.test(hostname);

const dayMs = 24 * 3600 * 1000;
const shortestDays = 30;

function judgeToken(token: string, now: Date, hint: string): readonly Finding[] {
  const ends = endOf(token);
  if (ends === undefined) return [];
  const days = Math.floor((ends.getTime() - now.getTime()) / dayMs);
  if (days < 0) return [problem(`The token in the kubeconfig expired on ${dateOf(ends)}.`, hint)];
  return days < shortestDays
    ? [
        warning(
          `The token in the kubeconfig expires on ${dateOf(ends)}. The sweep stops then.`,
          hint,
        ),
      ]
    : [];
}

const dateOf = (time: Date): string => time.toISOString().slice(0, 10);

/** A token that is no JWT says nothing about its end. */
function endOf(token: string): Date | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : new Date(exp * 1000);
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}

/** Text that is no YAML is none of a kubeconfig. */
function parsedYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
