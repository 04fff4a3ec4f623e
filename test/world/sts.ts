/**
 * What EKS and STS do with a token, as far as it can be done without them: take it apart, and sign
 * the same request again.
 */
import { createHash, createHmac } from 'node:crypto';

/** Of a role that does not exist. */
export const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'session/token+',
};

const prefix = 'k8s-aws-v1.';

/** The presigned request to STS that a token contains. */
export const requestIn = (token: string): URL =>
  new URL(Buffer.from(token.slice(prefix.length), 'base64url').toString());

/**
 * The signature that STS would accept (Signature Version 4) on the request for this cluster.
 */
export function signatureOf(url: URL, cluster: string): string {
  const hmac = (key: string | Buffer, data: string): Buffer =>
    createHmac('sha256', key).update(data).digest();
  const hash = (data: string): string => createHash('sha256').update(data).digest('hex');
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = [...url.searchParams]
    .filter(([key]) => key !== 'X-Amz-Signature')
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const headers = `host:${url.host}\nx-k8s-aws-id:${cluster}\n`;
  const canonical = ['GET', '/', query, headers, 'host;x-k8s-aws-id', hash('')].join('\n');
  const [, ...scope] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const toSign = [
    'AWS4-HMAC-SHA256',
    url.searchParams.get('X-Amz-Date'),
    scope.join('/'),
    hash(canonical),
  ].join('\n');
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}
