import type { IssuerReport, ResourceReport } from '../model/discovery-report.ts';
import type { FindingId } from '../model/sign-in-findings.ts';

/**
 * What was seen on the way of a sign-in, up to the request that the browser would send. A member is
 * absent where the way ended before it.
 */
export type SignInObservation = {
  readonly resource?: ResourceReport;
  readonly target?: {
    readonly issuer: string;
    readonly from: 'pin' | 'server' | 'origin';
    readonly resource: string;
    readonly scopes: readonly string[];
  };
  readonly issuer?: IssuerReport & {
    /** How its metadata names it. Absent: there is no metadata that can be used. */
    readonly named?: string;
    readonly pkce?: 'listed' | 'bySetting';
  };
  readonly client?: ClientOutlook;
  /** Without `state` and `code_challenge`. */
  readonly authorizationRequest?: string;
  /** Why the way ended, in our own sentence. */
  readonly failure?: { readonly finding: FindingId; readonly message: string };
};

/** Which client a sign-in would use. */
export type ClientOutlook = {
  /** Where the browser comes back to: to register by hand where there is no client. */
  readonly callback: string;
} & (
  | {
      readonly kind: 'configured' | 'document' | 'registered';
      readonly clientId: string;
    }
  | { readonly kind: 'registrable'; readonly endpoint: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unsupported'; readonly methods: readonly string[] }
);
