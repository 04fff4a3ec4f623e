/**
 * What an API server refused, and what else went wrong with a call, without anything secret.
 */
import { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
import * as z from 'zod/mini';
import { CircuitOpen } from '../network/circuit.ts';
import { ConnectionFailed } from './api-connection.ts';
import { AnswerTooLarge } from './custom-objects.ts';
import { oneLine } from '../../model/outside-text.ts';
import { ClusterError, type Rights } from '../../model/cluster-error.ts';

/** The API server that was asked, and its time for an answer. */
type Asked = { readonly address: string; readonly timeoutMs: number };

/**
 * The error for whatever went wrong with a call; `rights` are what its action needs. Rethrows what
 * it cannot name.
 */
export function clusterErrorFor(
  { address, timeoutMs }: Asked,
  action: string,
  error: unknown,
  rights: Rights = sweepRights,
): ClusterError {
  if (error instanceof ClusterError) return error;
  if (error instanceof CircuitOpen)
    return new ClusterError({ reason: 'paused', address, retryAfterMs: error.retryAfterMs });
  const status = refusal(error)?.code;
  switch (status) {
    case undefined:
      break;
    case 401:
      return new ClusterError({ reason: 'unauthorized', address });
    case 403:
      return new ClusterError({ reason: 'forbidden', address, action, rights });
    case 404:
      return new ClusterError({ reason: 'notServed', address });
    case 400:
      return new ClusterError({ reason: 'badRequest', address, action });
    default:
      return new ClusterError({ reason: 'unexpectedStatus', address, action, status });
  }
  if (isTimeout(error)) return new ClusterError({ reason: 'timeout', address, timeoutMs });
  if (error instanceof AnswerTooLarge)
    return new ClusterError({ reason: 'answerTooLarge', address, action });
  if (error instanceof SyntaxError)
    return new ClusterError({ reason: 'unexpectedAnswer', address, expected: 'JSON' });
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return new ClusterError({ reason: 'connectionRefused', address });
  if (code) return new ClusterError({ reason: 'unreachable', address, code });
  throw error;
}

const isTimeout = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'TimeoutError';

/**
 * Whether a call shows that the API server is down. A 500 does not: one object that cannot be
 * converted is answered so, and it must not cost the others their answers.
 */
export const isDown = (error: unknown): boolean =>
  networkCode(error) !== undefined ||
  isTimeout(error) ||
  [502, 503, 504].includes(refusal(error)?.code ?? 0);

const sweepRights: Rights = { manifests: 'manifests', clusterRole: 'muster-sweep' };

/** An answer that is not 2xx. Its body is text: JSON of a metav1.Status, or anything. */
export const refusal = (error: unknown): ApiException<unknown> | undefined =>
  error instanceof ApiException ? error : undefined;

/** The code of an error below HTTP. */
export const networkCode = (error: unknown): string | undefined =>
  error instanceof ConnectionFailed ? error.code : undefined;

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** The parts of a metav1.Status that are read. */
const statusSchema = z.object({
  metadata: z._default(z.object({ continue: z.exactOptional(z.string()) }), {}),
  details: z._default(
    z.object({
      causes: z._default(z.array(z.object({ reason: z.string(), field: z.string() })), []),
    }),
    { causes: [] },
  ),
});

export function statusOf(error: unknown): z.infer<typeof statusSchema> {
  const none = { metadata: {}, details: { causes: [] } };
  const body = refusal(error)?.body;
  if (typeof body !== 'string') return none;
  try {
    return statusSchema.safeParse(JSON.parse(body)).data ?? none;
  } catch (unreadable) {
    if (unreadable instanceof SyntaxError) return none;
    throw unreadable;
  }
}

/** Fields and reasons only: the messages quote values. */
export const causesOf = (error: unknown): string =>
  oneLine(
    statusOf(error)
      .details.causes.map(({ field, reason }) => `${field} ${reason}`)
      .join(', ') || 'no cause named',
    longestCauses,
  );

const longestCauses = 300;
