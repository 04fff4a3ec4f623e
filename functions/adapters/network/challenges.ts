import * as oauth from 'oauth4webapi';

/**
 * The challenges of an answer. oauth4webapi parses them inside its judging functions only;
 * revocation's expects nothing else of it.
 */
export async function challengesIn(
  response: Response,
): Promise<readonly oauth.WWWAuthenticateChallenge[]> {
  try {
    await oauth.processRevocationResponse(response);
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.cause;
    if (
      !(error instanceof oauth.OperationProcessingError || error instanceof oauth.ResponseBodyError)
    )
      throw error;
  }
  return [];
}
