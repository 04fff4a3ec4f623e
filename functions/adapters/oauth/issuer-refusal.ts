import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import { knownErrorCode } from '../../model/oauth-error-codes.ts';
import { oneLineWithoutSecrets } from '../../model/outside-text.ts';
import { sentenceRepeats } from '../../model/secret-pieces.ts';
import { type IssuerRequest, SignInError } from './signin-error.ts';

/** What an issuer was asked for, and what it was sent: its words may repeat that, and are left out. */
export type Asked = {
  readonly host: string;
  readonly asked: IssuerRequest;
  readonly secrets: readonly string[];
  /** Of a registration: the callback that a client registered by hand needs. */
  readonly issuer?: string;
  readonly callback?: string;
};

/**
 * Judges an answer with a function of oauth4webapi. Throws `SignInError` in our own words for what
 * the issuer refuses or gets wrong, with its description where that is safe.
 */
export async function judged<Answer>(
  response: Response,
  asked: Asked,
  judge: (response: Response) => Promise<Answer>,
): Promise<Answer> {
  const { status } = response;
  const isPage = (response.headers.get('content-type') ?? '').includes('html');
  try {
    return await judge(response);
  } catch (error) {
    throw refusalFor(error, { ...asked, status, isPage });
  }
}

/** What oauth4webapi refuses to send or to read. Throws what it cannot name. */
export function signInErrorFor(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  if (error instanceof oauth.OperationProcessingError)
    return new SignInError({ reason: 'unusableAnswer', code: error.code ?? 'no code' });
  if (error instanceof oauth.UnsupportedOperationError)
    return new SignInError({ reason: 'unsupportedAnswer' });
  throw error;
}

type Answered = Asked & { readonly status: number; readonly isPage: boolean };

function refusalFor(error: unknown, answered: Answered): unknown {
  const { secrets: _secrets, ...facts } = answered;
  const { host, status } = facts;
  const refused = { reason: 'refusedByIssuer' as const, ...facts };
  if (error instanceof oauth.ResponseBodyError)
    return new SignInError(
      defined({
        ...refused,
        code: knownErrorCode(error.error) ?? 'an error without a known code',
        description: wordsOf(error.error_description, answered),
      }),
    );
  // RFC 6749, section 5.2: the client authentication failed. Without 401 a proxy says so.
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return new SignInError(
      defined({ ...refused, code: status === 401 ? 'invalid_client' : undefined }),
    );
  if (error instanceof oauth.OperationProcessingError)
    return status >= 400
      ? new SignInError(refused)
      : new SignInError({ reason: 'unusableAnswer', code: error.code ?? 'no code', host });
  if (error instanceof oauth.UnsupportedOperationError)
    return new SignInError({ reason: 'unsupportedAnswer', host });
  return error;
}

function wordsOf(description: string | undefined, { secrets }: Asked): string | undefined {
  if (description === undefined || sentenceRepeats(description, secrets)) return undefined;
  return oneLineWithoutSecrets(description, 300) || undefined;
}
