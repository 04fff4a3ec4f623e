/**
 * The issuers that people have: what each needs as `OIDC_ISSUER`, and what it cannot do. The tables
 * of docs/single-sign-on.md are made from this list; `own-issuers.ts` has a fake of each.
 */
import type { SettingName } from '../../functions/model/settings-table.ts';

export type IssuerProduct = {
  readonly name: string;
  /** `OIDC_ISSUER`, with the reader's own parts in capitals. */
  readonly issuer: string;
  /** What to register there. */
  readonly register: string;
  /** Settings besides the issuer and the client ID, which the defaults do not have. */
  readonly settings: Partial<Record<SettingName, string>>;
  /** How `https://HOST/live/` becomes one more redirect address of the same client. */
  readonly livePage: string;
  /** What to do for group rules (`ACCESS_REVIEW`). */
  readonly groups: string;
  /** What is refused, and why. */
  readonly limits: string;
};

const fixedRedirect = 'http://127.0.0.1:8765/callback';

export const issuerProducts = {
  cognito: {
    name: 'Amazon Cognito',
    issuer: 'https://cognito-idp.REGION.amazonaws.com/POOL_ID',
    register:
      'A public app client without a secret, with the authorization code grant, the scopes openid, email and profile, and the callback URL `http://localhost:8765/callback`. Cognito compares the whole address.',
    settings: { OIDC_REDIRECT: 'http://localhost:8765/callback' },
    livePage: 'Add the callback URL `https://HOST/live/`.',
    groups: '`ACCESS_GROUPS_CLAIM=cognito:groups`',
    limits:
      'No `--device`: Cognito has no device authorization. No `BEARER_AUDIENCE`: its access tokens are not of the type `at+jwt`.',
  },
  entra: {
    name: 'Microsoft Entra ID',
    issuer: 'https://login.microsoftonline.com/TENANT_ID/v2.0',
    register:
      'An app with the platform "Mobile and desktop applications" and the redirect URI `http://localhost/callback`. Entra ID ignores the port of localhost. For `--device`, allow public client flows.',
    settings: { OIDC_REDIRECT: 'http://localhost/callback' },
    livePage:
      'Add the redirect URI `https://HOST/live/` to the same platform, not to "Single-page application".',
    groups:
      'Add the groups claim to the ID token, limited to groups that are assigned to the app. A person with more than 200 groups gets a token without them, so no group rule matches.',
    limits:
      'Not `common`, `organizations` or a domain name as the tenant, and not the v1 issuer `https://sts.windows.net/TENANT_ID/`: their discovery documents name another issuer. The email is not shown, because Entra ID does not say that it is verified. No `BEARER_AUDIENCE`: its access tokens are not of the type `at+jwt`.',
  },
  oktaOrg: {
    name: 'Okta, org authorization server',
    issuer: 'https://ORG.okta.com',
    register: `A native app with the grants authorization code and refresh token, and the sign-in redirect URI \`${fixedRedirect}\`. Okta compares the whole address.`,
    settings: { OIDC_REDIRECT: fixedRedirect },
    livePage: 'Add the sign-in redirect URI `https://HOST/live/`.',
    groups: 'Add a groups claim filter to the app.',
    limits: 'No `BEARER_AUDIENCE`: access tokens of this server are for Okta only.',
  },
  oktaCustom: {
    name: 'Okta, custom authorization server',
    issuer: 'https://ORG.okta.com/oauth2/default',
    register: `The same app. An access policy of the authorization server must allow it.`,
    settings: { OIDC_REDIRECT: fixedRedirect },
    livePage: 'Add the sign-in redirect URI `https://HOST/live/`.',
    groups: 'Add a scope and a claim `groups` to the authorization server.',
    limits: 'No `BEARER_AUDIENCE`: its access tokens are not of the type `at+jwt`.',
  },
  auth0: {
    name: 'Auth0',
    issuer: 'https://TENANT.auth0.com/',
    register: `A native application with the grants authorization code and refresh token, and the callback URL \`${fixedRedirect}\`. The slash at the end of the issuer belongs to its name.`,
    settings: { OIDC_REDIRECT: fixedRedirect },
    livePage: 'Add the callback URL `https://HOST/live/`.',
    groups:
      'An action adds a claim with a namespace: `ACCESS_GROUPS_CLAIM=https://example.com/groups`.',
    limits:
      'For `BEARER_AUDIENCE`, set `OIDC_PARAMETERS=audience=...` to the same address, and the token profile of the API to RFC 9068. Without the parameter, access tokens are opaque and are refused.',
  },
  google: {
    name: 'Google',
    issuer: 'https://accounts.google.com',
    register:
      'An OAuth client of the type "Desktop app". Set the audience of the consent screen to Internal. Otherwise anyone with a Google account can sign in.',
    settings: {
      OIDC_PARAMETERS: 'access_type=offline&prompt=consent',
      OIDC_PUBLIC_CLIENT_SECRET: 'GOCSPX-...',
    },
    livePage: 'Not possible: a desktop client has no redirect address of its own.',
    groups: 'None: ID tokens of Google have no groups.',
    limits:
      'No client of the type "Web application": its secret must stay secret. No `--device`, which needs another type of client. No `BEARER_AUDIENCE`: access tokens are opaque.',
  },
  keycloak: {
    name: 'Keycloak',
    issuer: 'https://HOST/realms/REALM',
    register:
      'A public client with the standard flow and the redirect URI `http://127.0.0.1/*`. For `--device`, enable the device authorization grant.',
    settings: {},
    livePage: 'Add the redirect URI `https://HOST/live/`.',
    groups:
      'Add a client scope `groups` with a group membership mapper, and assign it to the client.',
    limits: 'No `BEARER_AUDIENCE`, unless access tokens have the type `at+jwt`.',
  },
  dex: {
    name: 'Dex',
    issuer: 'https://HOST/dex',
    register:
      'A static client with `public: true` and without `redirectURIs`. For `--device`, add the redirect URI /dex/device/callback, and then also a fixed `OIDC_REDIRECT`.',
    settings: {},
    livePage:
      'Add `redirectURIs` with `https://HOST/live/` and `http://127.0.0.1:8765/callback`, and set `OIDC_REDIRECT=http://127.0.0.1:8765/callback`: with a list, Dex compares the whole address.',
    groups: 'Use a connector that supports groups.',
    limits: 'No `BEARER_AUDIENCE`: its access tokens are for Dex only.',
  },
} as const satisfies Record<string, IssuerProduct>;

export type IssuerProductName = keyof typeof issuerProducts;
