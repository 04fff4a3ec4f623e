/**
 * The words of a sign-in check: `model/sign-in-findings.ts` has its texts, which only a check loads.
 */

/** The links of the chain of a sign-in, in order. */
export const signInLinks = [
  'server',
  'challenge',
  'resource metadata',
  'issuer',
  'issuer metadata',
  'PKCE',
  'client',
  'authorization request',
  'single sign-on',
  'session',
  'verification',
] as const;
export type SignInLinkName = (typeof signInLinks)[number];

/** `odd`: not as the specifications say, and a sign-in works all the same. */
export const linkStatuses = ['ok', 'odd', 'broken'] as const;
export type LinkStatus = (typeof linkStatuses)[number];

/**
 * Whose it is to fix: the owner of the MCP server or of its MCPServer, the operator of its issuer,
 * the owner of muster, or the person who asks.
 */
export const fixers = ['server', 'issuer', 'muster', 'you'] as const;
export type Fixer = (typeof fixers)[number];
