/** How long the browser may take: a sign-in without an answer by then never gets one. */
export const signInMs = 10 * 60_000;
