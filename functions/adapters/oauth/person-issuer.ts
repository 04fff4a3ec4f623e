import type * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import { isClientCode, passesByItself } from '../../model/oauth-error-codes.ts';
import type { IssuerTrouble, PersonIssuer } from '../../sessions/live-sign-in.ts';
import { signInErrorFor } from './issuer-refusal.ts';
import { findIssuer } from './metadata.ts';
import type { SignInFailure } from './signin-error.ts';
import { redeemOpenIdCode } from './token-requests.ts';
import type { TransportOptions } from './transport.ts';

export type PersonClient = {
  readonly id: string;
  /** Of a desktop client at an issuer without public clients. Anyone can read it. */
  readonly secret?: string;
  readonly redirectUri: string;
  readonly resource?: string;
};

/**
 * The metadata of the issuer where people sign in to muster. It need not list PKCE methods: OpenID
 * discovery has no such member, and PKCE is used in any case. Throws `SignInError`.
 */
export const personIssuerMetadata = (
  issuer: string,
  options: TransportOptions,
): Promise<oauth.AuthorizationServer> =>
  findIssuer(issuer, { ...options, issuerRules: () => ({ noPkceList: true }) });

/**
 * The issuer where people sign in to muster, asked in place of a page in the browser. What it
 * refuses or gets wrong is returned, in a message without secrets.
 */
export function personIssuer(
  { id, secret, redirectUri, resource = '' }: PersonClient,
  {
    readMetadata,
    ...options
  }: TransportOptions & { readonly readMetadata: () => Promise<oauth.AuthorizationServer> },
): PersonIssuer {
  return {
    readFacts: () =>
      orTrouble(async () => {
        const metadata = await readMetadata();
        return defined({
          kind: 'known',
          authorizationEndpoint: metadata.authorization_endpoint ?? '',
          scopes: metadata.scopes_supported,
        });
      }),
    redeem: ({ code, verifier, iss }) =>
      orTrouble(async () => {
        const metadata = await readMetadata();
        const client = defined({
          issuer: metadata.issuer,
          id,
          secret,
          redirectUri,
          authentication:
            secret === undefined ? ('none' as const) : ('client_secret_post' as const),
        });
        const request = { redirectUri, verifier, resource };
        const answer = defined({ code, iss });
        const asked = { metadata, client, rule: {}, request, answer };
        const { idToken, granted } = await redeemOpenIdCode(asked, options);
        return defined({ kind: 'redeemed', accessToken: granted.access_token, idToken });
      }),
  };
}

async function orTrouble<Answer>(act: () => Promise<Answer>): Promise<Answer | IssuerTrouble> {
  try {
    return await act();
  } catch (error) {
    const { failure, message } = signInErrorFor(error);
    return { kind: 'refused', why: troubleIn(failure), message };
  }
}

function troubleIn(failure: SignInFailure): IssuerTrouble['why'] {
  if (failure.reason === 'requestFailed' || failure.reason === 'issuerUnavailable')
    return 'unavailable';
  if (failure.reason === 'callbackMismatch') return 'otherIssuer';
  if (failure.reason !== 'refusedByIssuer') return 'issuer';
  const { status, code } = failure;
  if (passesByItself(status, code)) return 'unavailable';
  if (code === undefined) return 'issuer';
  if (isClientCode(code) || aboutClient.has(code)) return 'client';
  return aboutCode.has(code) ? 'code' : 'issuer';
}

const aboutClient: ReadonlySet<string> = new Set(['redirect_uri_mismatch', 'unauthorized_client']);
const aboutCode: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_code']);
