import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';

/** The parts of a Bearer challenge that are read: RFC 6750 section 3, RFC 9728 section 5.1. */
export type BearerChallenge = {
  readonly error?: string;
  readonly errorDescription?: string;
  readonly scope?: string;
  readonly resourceMetadata?: string;
};

/** The first Bearer challenge in `WWW-Authenticate`; empty when there is none. */
export async function bearerChallengeIn(response: Response): Promise<BearerChallenge> {
  const bearer = (await challengesIn(response)).find(({ scheme }) => scheme === 'bearer');
  const {
    error,
    error_description: errorDescription,
    scope,
    resource_metadata: resourceMetadata,
  } = bearer?.parameters ?? {};
  return defined({ error, errorDescription, scope, resourceMetadata });
}

/**
 * oauth4webapi parses challenges only inside its functions that judge an answer; the one for
 * revocation expects nothing else of the answer.
 */
async function challengesIn(
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
