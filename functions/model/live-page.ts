/**
 * The address of the live page. The endpoint and the page are of one origin: it is the one redirect
 * address of the page's sign-in, and the one page that a sign-in to a server may come back to.
 */
export const livePageOf = (publicUrl: string): string => `${publicUrl}/live/`;
