/**
 * What an API server refused, and what else went wrong with a call, in words that hold nothing
 * secret.
 */
import { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
import * as z from 'zod/mini';
import { ClusterError } from '../../model/cluster-error.ts';

/** Who was asked, and for how long. */
type Asked = { readonly address: string; readonly timeoutMs: number };

/** What went wrong with a call, in one line. Rethrows what it cannot name. */
export function explain(cluster: Asked, doing: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const server = `The API server ${cluster.address}`;
  const said = (message: string): ClusterError => new ClusterError(message);
  const answered = refusal(error);
  if (answered) {
    switch (answered.code) {
      case 401:
        return said(
          `${server} does not accept our credentials (401). Give the kubeconfig a token or certificate that is valid.`,
        );
      case 403:
        return said(
          `${server} does not let us ${doing} (403). Run: kubectl apply -k manifests, and bind ClusterRole muster-sweep to us.`,
        );
      case 404:
        return said(
          `${server} does not serve mcpservers of muster.giantswarm.io/v1alpha1 (404). Run: kubectl apply -k manifests`,
        );
      case 400:
        return said(
          `${server} does not understand our request to ${doing} (400). Check LABEL_SELECTOR and NAMESPACE.`,
        );
      default:
        return said(
          `${server} answered ${answered.code} to ${doing}. Look into its log; the next sweep tries again.`,
        );
    }
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return said(
      `${server} did not answer within ${cluster.timeoutMs / 1000} s. Check that the network lets us through to it.`,
    );
  }
  if (error instanceof SyntaxError)
    return said(`${server} answered no JSON. Check the address in the kubeconfig.`);
  const code = networkCode(error) ?? codeOf(error);
  if (code === 'ECONNREFUSED')
    return said(
      `${server} refused the connection. Check that it runs and that the kubeconfig names its address.`,
    );
  if (code)
    return said(
      `${server} could not be reached (${code}). Check the address and the certificate authority in the kubeconfig.`,
    );
  throw error;
}

/** An answer that is not 2xx. Its body is text: JSON of a metav1.Status, or anything. */
export const refusal = (error: unknown): ApiException<unknown> | undefined =>
  error instanceof ApiException ? error : undefined;

/** The code of an error below HTTP. */
export const networkCode = (error: unknown): string | undefined =>
  error instanceof TypeError ? codeOf(error.cause) : undefined;

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
  statusOf(error)
    .details.causes.map(({ field, reason }) => `${field} ${reason}`)
    .join(', ') || 'no cause named';
