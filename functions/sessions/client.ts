/**
 * Who we are at one issuer: what a registration (RFC 7591) gave us, or our client metadata
 * document.
 */
export type Client = {
  readonly issuer: string;
  readonly id: string;
  /** The callback it was registered with; a client of another callback is another client. */
  readonly redirectUri: string;
  readonly authentication: ClientAuthentication;
  readonly secret?: string;
  /** When the secret ends. Absent: never. */
  readonly expiresAt?: Date;
};

/** How we show the token endpoint who we are, in the words of RFC 7591. */
export type ClientAuthentication = 'none' | 'client_secret_basic' | 'client_secret_post';
