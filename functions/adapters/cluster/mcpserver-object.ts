/** An MCPServer as the Kubernetes API writes it, and as the product knows it. */
import { createHash } from 'node:crypto';
// By its file: with `z.locales` all 50 languages are in the bundle, 250 KB.
import en from 'zod/v4/locales/en.js';
import * as z from 'zod/mini';
import {
  type Auth,
  type Condition,
  conditionStatuses,
  conditionTypes,
  type Malformed,
  type McpServer,
  refusedMessage,
  serverTypes,
  singleSignOnOf,
  type Status,
  sweepLabel,
} from '../../model/mcpserver.ts';
import { defined } from '../../model/defined.ts';
import type { Labels } from '../../model/label-selector.ts';
import { longestMessage, oneLine } from '../../model/outside-text.ts';
import { withinLimits } from './object-limits.ts';

/** What was made of one item of a list. */
export type Item =
  | { readonly kind: 'server'; readonly server: McpServer }
  | { readonly kind: 'malformed'; readonly malformed: Malformed };

/**
 * Reads one object of the Kubernetes API. An object that is not an MCPServer comes back as its name
 * and its problem.
 */
export function readItem(item: unknown): Item {
  const parsed = itemSchema.safeParse(item, { error: english });
  if (parsed.success) return { kind: 'server', server: withinLimits(toServer(parsed.data)) };
  const message = parsed.error.issues
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');
  return {
    kind: 'malformed',
    malformed: { ...nameOf(item), message: oneLine(message, longestMessage) },
  };
}

/** What an object is called, whatever else it is. */
export const nameOf = (item: unknown): Pick<Malformed, 'namespace' | 'name'> =>
  nameSchema.safeParse(item).data?.metadata ?? { namespace: '', name: '(no name)' };

/** The labels of an object, whatever else it is. */
export const labelsOf = (item: unknown): Labels =>
  labelsSchema.safeParse(item).data?.metadata.labels ?? {};

/**
 * `status` of a merge patch: what `next` does not have is removed, fields of other writers stay.
 */
export const statusPatch = (next: Status) => ({
  state: next.state ?? null,
  lastError: next.lastError ?? null,
  lastConnected: writeTime(next.lastConnected),
  consecutiveFailures: next.consecutiveFailures,
  lastAttempt: writeTime(next.lastAttempt),
  nextRetryAfter: writeTime(next.nextRetryAfter),
  conditions: next.conditions.map(writeCondition),
});

/** The same status without the words of our verdict: state, reasons and a fixed message. */
export const shortStatus = (status: Status): Status => ({
  ...status,
  ...defined({ lastError: status.lastError === undefined ? undefined : refusedMessage }),
  conditions: status.conditions.map((condition) =>
    isOwn(condition) ? { ...condition, message: refusedMessage } : condition,
  ),
});

/** The same status without the conditions of other writers, which may be what is refused. */
export const ownStatus = (status: Status): Status => ({
  ...status,
  conditions: status.conditions.filter(isOwn),
});

const isOwn = ({ type }: Condition): boolean => conditionTypes.some((own) => own === type);

// zod/mini has no messages of its own.
const english = en().localeError;

// RFC 3339 has years of four digits, and so has the JSON of the endpoint.
const time = z.pipe(
  z.string(),
  z.coerce
    .date<string>()
    .check(
      z.minimum(new Date('0000-01-01T00:00:00Z')),
      z.maximum(new Date('9999-12-31T23:59:59Z')),
    ),
);

const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(conditionStatuses),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: time,
  observedGeneration: z.exactOptional(z.number()),
});

const statusSchema = z.object({
  state: z.exactOptional(z.string()),
  lastError: z.exactOptional(z.string()),
  lastConnected: z.exactOptional(time),
  consecutiveFailures: z._default(z.number(), 0),
  lastAttempt: z.exactOptional(time),
  nextRetryAfter: z.exactOptional(time),
  conditions: z._default(z.array(conditionSchema), []),
});

const tokenExchangeSchema = z.object({
  enabled: z._default(z.boolean(), false),
  dexTokenEndpoint: z.exactOptional(z.string()),
  expectedIssuer: z.exactOptional(z.string()),
  connectorId: z.exactOptional(z.string()),
  scopes: z._default(z.string(), 'openid profile email groups'),
  clientCredentialsSecretRef: z.exactOptional(
    z.object({
      name: z.string(),
      namespace: z.exactOptional(z.string()),
      clientIdKey: z._default(z.string(), 'client-id'),
      clientSecretKey: z._default(z.string(), 'client-secret'),
    }),
  ),
});

const authSchema = z.object({
  // Objects older than giantswarm/muster#687 may say `teleport`. The probe finds out whether
  // people have to sign in.
  type: z.pipe(
    z._default(z.string(), 'none'),
    z.transform((type): Auth['type'] => (type === 'oauth' ? 'oauth' : 'none')),
  ),
  forwardToken: z._default(z.boolean(), false),
  requiredAudiences: z._default(z.array(z.string()), []),
  tokenExchange: z.exactOptional(tokenExchangeSchema),
  authorizationServer: z.exactOptional(
    z.object({ issuer: z.string(), scopes: z.exactOptional(z.string()) }),
  ),
});

/** The defaults are those of the CRD, for objects that are older than a default. */
const itemSchema = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.number(),
    resourceVersion: z.string(),
    labels: z.optional(z.record(z.string(), z.string())),
  }),
  spec: z.object({
    type: z.enum(serverTypes),
    url: z.exactOptional(z.string()),
    headers: z._default(z.record(z.string(), z.string()), {}),
    timeout: z._default(z.number(), 30),
    autoStart: z._default(z.boolean(), false),
    suspended: z.exactOptional(z.boolean()),
    description: z.exactOptional(z.string()),
    toolPrefix: z.exactOptional(z.string()),
    auth: z.exactOptional(authSchema),
  }),
  status: z._default(statusSchema, { consecutiveFailures: 0, conditions: [] }),
});

const nameSchema = z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) });
const labelsSchema = z.object({
  metadata: z.object({ labels: z.optional(z.record(z.string(), z.string())) }),
});

function toServer({ metadata, spec, status }: z.infer<typeof itemSchema>): McpServer {
  const { labels, ...named } = metadata;
  const { timeout, ...declared } = spec;
  const server = defined({
    ...named,
    ...declared,
    timeoutMs: withinBounds(timeout) * 1000,
    optedOut: labels?.[sweepLabel] === 'off' ? true : undefined,
    status,
  });
  return {
    ...server,
    singleSignOn: singleSignOnOf(spec.auth),
    headersDigest: headersDigest(metadata.uid, spec.headers),
  };
}

/**
 * SHA-256 over the uid, names and values, so that the same headers of two servers differ and no
 * table of known values fits. A value that is easy to guess can still be found out from it.
 */
export function headersDigest(uid: string, headers: McpServer['headers']): string {
  const pairs = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  if (pairs.length === 0) return '';
  return createHash('sha256')
    .update(JSON.stringify([uid, pairs]))
    .digest('base64url');
}

const writeCondition = ({ lastTransitionTime, ...condition }: Condition) => ({
  ...condition,
  lastTransitionTime: writeTime(lastTransitionTime),
});

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
const writeTime = (time: Date | undefined): string | null =>
  time ? `${time.toISOString().slice(0, 19)}Z` : null;

/** In seconds, as the CRD bounds it. An object that is older than the bounds keeps its place. */
const withinBounds = (timeout: number): number => Math.min(Math.max(timeout, 1), 300);
