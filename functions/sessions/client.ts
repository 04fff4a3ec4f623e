/**
 * Our client at one issuer: made by a registration (RFC 7591), or described by our client metadata
 * document.
 */
export type Client = {
  readonly issuer: string;
  readonly id: string;
  /** The callback it was registered with; a client of another callback is another client. */
  readonly redirectUri: string;
  readonly authentication: ClientAuthentication;
  readonly secret?: string;
  /** When the secret expires. Absent: never. */
  readonly expiresAt?: Date;
  /** Absent: not registered by us, or before this was kept. */
  readonly registeredAt?: Date;
  /** The scopes that it was registered for. Absent: any. */
  readonly scopes?: readonly string[];
};

/** How the client authenticates at the token endpoint, with the values of RFC 7591. */
export type ClientAuthentication = 'none' | 'client_secret_basic' | 'client_secret_post';
