/**
 * The address of the live page. The endpoint and the page are of one origin: it is the one redirect
 * address of the page's sign-in, and the one page that a sign-in to a server may come back to.
 */
export const livePageOf = (publicUrl: string): string => `${publicUrl}/live/`;

/**
 * Content security policy of the live page, which has the token of a person: no script and no style
 * but its own files, and requests to its own origin only. A header adds `frame-ancestors`, which a
 * meta element cannot have (CSP 3, section 3.3).
 */
export const livePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
].join('; ');

/**
 * Response headers of everything below `/live`, by whatever serves it. The page has the token of a
 * person, and its address may hold a code.
 */
export const liveHeaders = {
  'content-security-policy': `${livePolicy}; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
} as const;
