/** The one place that says which failed refresh ends a grant. */
import { isClientCode, passesByItself } from '../model/oauth-error-codes.ts';

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
      if (status < 400 || passesByItself(status, code)) return false;
      if (code === undefined) return status === 400 && !isPage;
      return !(isClientCode(code) && client === 'configured');
    }
  }
}

/** When a refresh that failed `failures` times in a row is tried again: 30 s, doubled, 10 min. */
export const nextRefreshAt = (failures: number, now: Date): Date =>
  new Date(now.getTime() + Math.min(30_000 * 2 ** Math.min(failures - 1, 10), 600_000));
