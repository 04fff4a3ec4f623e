import type { Context } from 'hono';

/**
 * How to sign in to muster, for a terminal or for the reader of the live page. Only browsers send
 * `Sec-Fetch-Site` (W3C Fetch Metadata).
 */
export const signInHint = ({ req }: Pick<Context, 'req'>): string =>
  req.header('sec-fetch-site') === undefined
    ? 'Run: muster auth login'
    : 'Sign in to muster again on this page.';
