/**
 * Reads parameters of the AWS Systems Manager Parameter Store by one signed request: 6 KB. The SDK's
 * own client is 240 KB, or 83 KB beside that of DynamoDB, and 40 ms of each cold start.
 */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod/mini';
import { parseJson } from '../model/json.ts';
import { oneLine } from '../model/outside-text.ts';
import { Sha256 } from './network/sha256.ts';

export type ParameterStoreOptions = {
  readonly region: string;
  readonly credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
  /** Instead of the one of AWS. */
  readonly endpoint?: URL;
  /** For all tries together. Default 4 s. */
  readonly timeoutMs?: number;
};

export type ParametersRead =
  /** Names that do not exist are not among the values. */
  | { readonly kind: 'read'; readonly values: ReadonlyMap<string, string> }
  /** `detail` is a name, never a text of AWS: that may hold account data. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export type ReadParameters = (names: readonly string[]) => Promise<ParametersRead>;

/**
 * Gives the function that reads up to 10 parameters (GetParameters), decrypted. One that is busy or
 * does not answer is asked up to three times. It never throws for an answer or a network failure.
 */
export function parameterReader(options: ParameterStoreOptions): ReadParameters {
  const { timeoutMs = 4_000 } = options;
  return async (names) => {
    const until = AbortSignal.timeout(timeoutMs);
    for (let tries = 1; ; tries += 1) {
      const outcome = await ask(options, names, until);
      if (outcome.kind === 'read') return outcome;
      if (!outcome.mayPass || tries === mostTries || until.aborted)
        return { kind: 'unavailable', detail: outcome.detail };
      await sleep((50 + Math.random() * 100) * tries);
    }
  };
}

const mostTries = 3;

type Asked =
  | Extract<ParametersRead, { kind: 'read' }>
  | { readonly kind: 'failed'; readonly detail: string; readonly mayPass: boolean };

const answerSchema = z.object({
  Parameters: z.array(z.object({ Name: z.string(), Value: z.string() })),
});
const errorSchema = z.object({ __type: z.string() });

async function ask(
  options: ParameterStoreOptions,
  names: readonly string[],
  until: AbortSignal,
): Promise<Asked> {
  try {
    const { status, body } = await send(await signed(options, names), until);
    if (status === 200) {
      const answer = answerSchema.safeParse(parseJson(body));
      return answer.success
        ? {
            kind: 'read',
            values: new Map(answer.data.Parameters.map(({ Name, Value }) => [Name, Value])),
          }
        : { kind: 'failed', detail: 'an answer without parameters', mayPass: false };
    }
    const error = errorSchema.safeParse(parseJson(body));
    const name = error.success ? oneLine(error.data.__type.replace(/^.*#/, ''), 80) : undefined;
    return {
      kind: 'failed',
      detail: name ?? `HTTP ${String(status)}`,
      mayPass: status >= 500 || status === 429 || name === 'ThrottlingException',
    };
  } catch (error) {
    const { name, code } = failureSchema.parse(error);
    return { kind: 'failed', detail: code ?? name, mayPass: name !== 'CredentialsProviderError' };
  }
}

/** Sockets, timeouts and signers fail with errors of many kinds, which all have a name. */
const failureSchema = z.object({ name: z.string(), code: z.optional(z.string()) });

type Signed = {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html */
async function signed(
  { region, credentials, endpoint = addressIn(region) }: ParameterStoreOptions,
  names: readonly string[],
): Promise<Signed> {
  const body = JSON.stringify({ Names: names, WithDecryption: true });
  const signer = new SignatureV4({ service: 'ssm', region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    path: '/',
    headers: {
      host: endpoint.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonSSM.GetParameters',
    },
    body,
  });
  return { endpoint, headers, body };
}

const addressIn = (region: string): URL =>
  new URL(`https://ssm.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`);

async function send(
  { endpoint, headers, body }: Signed,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  // Only a stand-in has an http address, and node:http takes 30 ms to import.
  const start = endpoint.protocol === 'http:' ? (await import('node:http')).request : request;
  return new Promise((resolve, reject) => {
    const sent = start(endpoint, { method: 'POST', headers, signal }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body }),
        (error: unknown) => reject(error),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
