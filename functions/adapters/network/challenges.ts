import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';

/** The parts of a Bearer challenge that are read: RFC 6750 section 3, RFC 9728 section 5.1. */
export type BearerChallenge = {
  readonly error?: string;
  readonly errorDescription?: string;
  readonly scope?: string;
  readonly resourceMetadata?: string;
};

/**
 * The Bearer challenge in `WWW-Authenticate`: of several the first one that says where the resource
 * metadata is, else the first one; empty when there is none.
 */
export async function bearerChallengeIn(response: Response): Promise<BearerChallenge> {
  const all = (await challengesIn(response)).filter(({ scheme }) => scheme === 'bearer');
  const bearer =
    all.find(({ parameters }) => parameters['resource_metadata'] !== undefined) ?? all[0];
  const {
    error,
    error_description: errorDescription,
    scope,
    resource_metadata: resourceMetadata,
  } = bearer?.parameters ?? {};
  return defined({ error, errorDescription, scope, resourceMetadata });
}

/** The schemes of all challenges, in lower case and in order. */
export const schemesIn = async (response: Response): Promise<readonly string[]> =>
  (await challengesIn(response)).map(({ scheme }) => scheme);

/** One that cannot be read as it is gets a second reading with its values in quotes. */
async function challengesIn(
  response: Response,
): Promise<readonly oauth.WWWAuthenticateChallenge[]> {
  const strict = await parsed(response);
  const text = response.headers.get('www-authenticate');
  if (strict.length > 0 || text === null) return strict;
  const headers = { 'www-authenticate': quoted(text) };
  return parsed(new Response(null, { status: response.status, headers }));
}

/**
 * Folded lines on one line, addresses in quotes, and a quote that is open closed at the end:
 * `Bearer resource_metadata=https://mcp.example.com/meta`. Takes time with the length of the text.
 */
function quoted(text: string): string {
  const pieces = text.replace(/[\r\n]+\s*/g, ' ').match(/"(?:[^"\\]|\\.)*(?:"|$)|[^"]+|"/gs) ?? [];
  return pieces
    .map((piece) =>
      piece.startsWith('"')
        ? piece.length > 1 && piece.endsWith('"')
          ? piece
          : `${piece.replace(/\\$/, '')}"`
        : piece.replace(unquotedValue, '$1="$2"'),
    )
    .join('');
}

/** Of a parameter; a token68 has nothing behind its `=`. */
const unquotedValue = /(?<![\w!#$%&'*+.^`|~-])([\w!#$%&'*+.^`|~-]+)=([^\s",=][^\s",]*)/g;

/**
 * oauth4webapi parses challenges only inside its functions that judge an answer; the one for
 * revocation expects nothing else of the answer.
 */
async function parsed(response: Response): Promise<readonly oauth.WWWAuthenticateChallenge[]> {
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
