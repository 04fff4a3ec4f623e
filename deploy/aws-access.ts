/** How the commands of the owner get to AWS, and what its refusals mean to them. */
import { defined } from '../functions/model/defined.ts';
import { oneLine } from '../functions/model/outside-text.ts';
import type { Deployment } from './environment.ts';

type Environment = Deployment['environment'];

/**
 * For the constructor of any AWS client: the region, endpoint and keys of this environment. What it
 * does not have, the client finds as every AWS client does (profiles, SSO, roles).
 */
export function awsOptions(environment: Environment) {
  const keys = defined({
    accessKeyId: environment['AWS_ACCESS_KEY_ID'] || undefined,
    secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] || undefined,
    sessionToken: environment['AWS_SESSION_TOKEN'] || undefined,
  });
  const { accessKeyId, secretAccessKey } = keys;
  return defined({
    region: environment['AWS_REGION'] || undefined,
    endpoint: environment['AWS_ENDPOINT_URL'] || undefined,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { ...keys, accessKeyId, secretAccessKey },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 5000, requestTimeout: 10_000 },
  });
}

/** Why AWS did not answer what it was asked for. */
export type AwsFailure =
  /** Nothing can be asked before this is fixed. */
  | { readonly kind: 'identity'; readonly text: string; readonly hint: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'other'; readonly name: string };

/** Judges what an AWS client threw, by its name: its text may hold account data. */
export function awsFailure(error: unknown, environment: Environment): AwsFailure {
  const name = nameOf(error);
  const login =
    environment['AWS_PROFILE'] === undefined
      ? 'aws login'
      : `aws sso login --profile ${environment['AWS_PROFILE']}`;
  if (missingCredentials.has(name))
    return {
      kind: 'identity',
      text: 'There are no AWS credentials.',
      hint: `Sign in, for example: ${login}. Or add AWS_PROFILE=... to .env.`,
    };
  if (endedCredentials.has(name))
    return {
      kind: 'identity',
      text: 'The AWS credentials have expired.',
      hint: `Sign in again, for example: ${login}`,
    };
  if (unknownCredentials.has(name))
    return {
      kind: 'identity',
      text: `AWS does not accept the credentials (${name}).`,
      hint: 'Check AWS_PROFILE or the access key. In a region that the account has not enabled, enable it first: aws account enable-region --region-name REGION',
    };
  if (/^(?:AccessDenied|Unauthorized)/.test(name)) return { kind: 'denied' };
  if (/NotFound|NoSuch/.test(name)) return { kind: 'missing' };
  return { kind: 'other', name };
}

const missingCredentials: ReadonlySet<string> = new Set(['CredentialsProviderError']);
const endedCredentials: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenRefreshRequired',
]);
const unknownCredentials: ReadonlySet<string> = new Set([
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/** The code of a socket or of DNS says more than the name of its error. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return oneLine('code' in error && typeof error.code === 'string' ? error.code : error.name, 80);
}

/** Whether AWS is an emulator on this machine: its functions reach what this machine reaches. */
export function isEmulated(environment: Environment): boolean {
  const endpoint = URL.parse(environment['AWS_ENDPOINT_URL'] ?? '');
  return endpoint !== null && isLoopback(endpoint.hostname);
}

/** By the hostname of a URL. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/.test(hostname);
