/**
 * Tokens for Amazon EKS, made in this process: a presigned STS request that EKS sends
 * (aws-iam-authenticator's format).
 */
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../network/sha256.ts';
import type { TokenSource } from './apiserver.ts';

export type EksOptions = {
  /** Name of the EKS cluster, as `aws eks list-clusters` prints it. */
  readonly clusterName: string;
  readonly region: () => Promise<string>;
  /** A role's credentials, as every AWS client finds them. */
  readonly credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
  readonly now?: () => Date;
};

/**
 * Makes a token on the first call and then every 11 minutes; parallel calls share one. EKS accepts
 * each for 15 minutes.
 */
export function eksTokens(options: EksOptions): TokenSource {
  const { now = () => new Date() } = options;
  let kept: { readonly until: number; readonly made: ReturnType<TokenSource['token']> } | undefined;
  return {
    token: async () => {
      if (kept === undefined || kept.until <= now().getTime()) {
        kept = { until: now().getTime() + keptForMs, made: make(options, now()) };
      }
      const { made } = kept;
      const had = await made;
      // What failed is not kept: the next call tries again.
      if (had.kind === 'none' && kept?.made === made) kept = undefined;
      return had;
    },
    drop: () => {
      kept = undefined;
      return true;
    },
  };
}

const keptForMs = 11 * 60_000;
const clusterHeader = 'x-k8s-aws-id';
// The lifetime of the signature: EKS refuses more than 15 minutes, and always counts 15 from the
// signing date.
const expiresIn = 60;

async function make(
  { clusterName, region: regionOf, credentials }: EksOptions,
  signingDate: Date,
): ReturnType<TokenSource['token']> {
  try {
    const region = await regionOf();
    const hostname = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
    const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 });
    const signed = await signer.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname,
        path: '/',
        query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
        headers: { host: hostname, [clusterHeader]: clusterName },
      },
      { expiresIn, signingDate, unhoistableHeaders: new Set([clusterHeader]) },
    );
    const query = new URLSearchParams(
      Object.entries(signed.query ?? {}).map(([key, value]): [string, string] => [
        key,
        String(value),
      ]),
    );
    const url = `https://${hostname}/?${query.toString()}`;
    return { kind: 'token', token: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}` };
  } catch (error) {
    // Credential providers throw errors of many kinds. The name is enough to look one up; the text
    // may hold account data.
    const name = error instanceof Error ? error.name : 'unknown';
    return {
      kind: 'none',
      message: `AWS gave no credentials to sign with (${name}). Give the function a role and AWS_REGION.`,
    };
  }
}
