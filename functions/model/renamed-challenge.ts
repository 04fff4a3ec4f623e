/**
 * What AWS makes of the header `WWW-Authenticate` of an answer: Lambda Function URLs and API
 * Gateway rename it on the way out. API Gateway Developer Guide, "Important notes".
 */
export const renamedChallenge = 'x-amzn-remapped-www-authenticate';

/** The challenge of an answer, whether AWS is between or not. */
export const challengeIn = (
  header: (name: string) => string | null | undefined,
): string | undefined => header('www-authenticate') ?? header(renamedChallenge) ?? undefined;
