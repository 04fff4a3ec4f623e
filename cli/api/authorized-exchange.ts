import { isRecord } from '../../functions/model/json.ts';
import { CliError } from '../context.ts';
import { acceptedBody, exchange, type HttpRequest, type HttpResponse } from './request.ts';
import { clockSkew } from './status-causes.ts';

/** The person's token, which is replaced at most once while a command runs. */
export type Renewal = {
  readonly current: () => string;
  /**
   * False: it cannot be replaced. Throws when the sign-in has ended or its issuer is down. `refusal`
   * is what the endpoint said about the present one.
   */
  readonly renew: (refusal?: CliError) => Promise<boolean>;
};

/** An endpoint, and the token of a person, if there is one. */
type Asker = {
  readonly endpoint: string;
  readonly bearer?: string;
  readonly renewal?: Renewal;
  /** Without a token: the error of a request that requires one. */
  readonly notSignedIn?: () => Promise<CliError>;
};

/** A request and its response. */
export type Exchanged = { readonly sent: HttpRequest; readonly answer: HttpResponse };

/**
 * As `exchange`, as the person who is signed in. A token that the endpoint refuses, although it has
 * not expired by the clock of this machine, is refreshed once, and the request sent again
 * (RFC 6750, section 3.1). Throws when the endpoint refuses the new one too.
 */
export async function authorizedExchange(
  { endpoint, bearer, renewal, notSignedIn }: Asker,
  requestWith: (bearer: string | undefined) => HttpRequest,
): Promise<Exchanged> {
  const send = async (token: string | undefined): Promise<Exchanged> => {
    const sent = requestWith(token);
    return { sent, answer: await exchange(sent) };
  };
  const token = renewal?.current() ?? bearer;
  const first = await send(token);
  if (notSignedIn !== undefined && isSignInRequired(first.answer)) throw await notSignedIn();
  if (renewal === undefined || !isRefusedToken(first.answer)) return first;
  // Another request of this command may have renewed it in the meantime.
  if (renewal.current() === token && !(await renewal.renew(refusalOf(first)))) return first;
  const second = await send(renewal.current());
  if (isRefusedToken(second.answer)) throw stillRefused(endpoint, second);
  return second;
}

/** As `request`, as the person who is signed in. */
export async function authorizedRequest(
  asker: Asker,
  sent: Omit<HttpRequest, 'bearer'>,
): Promise<unknown> {
  const exchanged = await authorizedExchange(asker, (bearer) => ({ ...sent, bearer }));
  return acceptedBody(exchanged.sent, exchanged.answer);
}

/** Said by an endpoint of ours: anything else that asks for a sign-in is at another address. */
const isSignInRequired = ({ status, body }: HttpResponse): boolean =>
  status === 401 && isRecord(body) && body['title'] === 'Sign-in required';

export const isRefusedToken = ({ status, challenge }: HttpResponse): boolean =>
  status === 401 && challenge?.includes('error="invalid_token"') === true;

/** Another sign-in would bring the same token: it would be advice in a circle. */
function stillRefused(endpoint: string, exchanged: Exchanged): CliError {
  const why = refusalOf(exchanged)?.message ?? '';
  const skew = clockSkew(endpoint, exchanged.answer.date, new Date());
  return new CliError(`${endpoint} refuses a token that its issuer has just renewed. ${why}`, {
    hint: skew ?? `Another sign-in will not help. Try again in a minute. ${askOwner(endpoint)}`,
  });
}

/** Who can do something about a token that is new and refused. */
export const askOwner = (endpoint: string): string =>
  `If it fails again, ask the owner of ${endpoint} to check OIDC_ISSUER, OIDC_CLIENT_ID, BEARER_AUDIENCE and its clock.`;

function refusalOf({ sent, answer }: Exchanged): CliError | undefined {
  try {
    acceptedBody(sent, answer);
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  return undefined;
}
