/** The one place that says which failed refresh ends a grant. */

/** Where our client at an issuer comes from. */
export type ClientOrigin = 'configured' | 'document' | 'registered';

export type RefreshFailure =
  /** Silence, a page, an answer that cannot be used, no metadata. */
  | { readonly kind: 'noAnswer' }
  /** We no longer have the client that the grant was made for. */
  | { readonly kind: 'noClient' }
  | {
      readonly kind: 'refused';
      /** Of the answer; an `error` under 200 counts as 400. */
      readonly status: number;
      /** The member `error`, where the answer is JSON that has one. */
      readonly code?: string;
      /** HTML: something in front of the issuer answered. */
      readonly isPage: boolean;
      readonly client: ClientOrigin;
    };

/**
 * Whether the grant is over: only a new sign-in helps. RFC 6749, section 5.2, has 400 and 401 for
 * that, with a few codes; issuers that people have use any 4xx, 200 and codes of their own
 * (lelylan/simple-oauth2#459, metabase#80389, obot#7501, Softeria/ms-365-mcp-server#485). What
 * passes by itself, and what only the owner of muster can fix, keeps the grant.
 */
export function endsGrant(failure: RefreshFailure): boolean {
  switch (failure.kind) {
    case 'noAnswer':
      return false;
    case 'noClient':
      return true;
    case 'refused': {
      const { status, code, isPage, client } = failure;
      if (status < 400 || status >= 500 || passingStatuses.has(status)) return false;
      if (code === undefined) return status === 400 && !isPage;
      if (passingCodes.has(code)) return false;
      return !(isClientCode(code) && client === 'configured');
    }
  }
}

/** Request Timeout, Too Early, Too Many Requests: the same request works later. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

const passingCodes: ReadonlySet<string> = new Set([
  'server_error',
  'slow_down',
  'temporarily_unavailable',
]);

/** The issuer does not know our client, or not its secret. The last three are GitHub's and Slack's. */
export const isClientCode = (code: string): boolean => clientCodes.has(code);

const clientCodes: ReadonlySet<string> = new Set([
  'invalid_client',
  'incorrect_client_credentials',
  'bad_client_secret',
  'invalid_client_id',
]);

/**
 * Whether the same refresh without `resource` may succeed (AADSTS9010010: python-sdk#2578,
 * csharp-sdk#1587): the request is refused, and neither the grant nor the client is.
 */
export function mayLackResource({ status, code, isPage }: RefreshFailure & { kind: 'refused' }) {
  if (status !== 400 || isPage) return false;
  return (
    code === undefined || !(isClientCode(code) || passingCodes.has(code) || aboutGrant.has(code))
  );
}

const aboutGrant: ReadonlySet<string> = new Set([
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'bad_refresh_token',
  'interaction_required',
]);

/** When a refresh that failed `failures` times in a row is tried again: 30 s, doubled, 10 min. */
export const nextRefreshAt = (failures: number, now: Date): Date =>
  new Date(now.getTime() + Math.min(30_000 * 2 ** Math.min(failures - 1, 10), 600_000));
