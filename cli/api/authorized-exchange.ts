import { CliError } from '../context.ts';
import { acceptedBody, exchange, type HttpRequest, type HttpResponse } from './request.ts';

/** The person's token, which is replaced at most once while a command runs. */
export type Renewal = {
  readonly current: () => string;
  /** False: it cannot be replaced. Throws when the sign-in has ended or its issuer is down. */
  readonly renew: () => Promise<boolean>;
};

/** An endpoint, and the token of a person, if there is one. */
type Asker = {
  readonly endpoint: string;
  readonly bearer?: string;
  readonly renewal?: Renewal;
};

/** A request and its response. */
export type Exchanged = { readonly sent: HttpRequest; readonly answer: HttpResponse };

/**
 * As `exchange`, as the person who is signed in. A token that the endpoint refuses, although it has
 * not expired by the clock of this machine, is refreshed once, and the request sent again
 * (RFC 6750, section 3.1). Throws when the endpoint refuses the new one too.
 */
export async function authorizedExchange(
  { endpoint, bearer, renewal }: Asker,
  requestWith: (bearer: string | undefined) => HttpRequest,
): Promise<Exchanged> {
  const send = async (token: string | undefined): Promise<Exchanged> => {
    const sent = requestWith(token);
    return { sent, answer: await exchange(sent) };
  };
  const token = renewal?.current() ?? bearer;
  const first = await send(token);
  if (renewal === undefined || !isRefusedToken(first.answer)) return first;
  // Another request of this command may have renewed it in the meantime.
  if (renewal.current() === token && !(await renewal.renew())) return first;
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

export const isRefusedToken = ({ status, challenge }: HttpResponse): boolean =>
  status === 401 && challenge?.includes('error="invalid_token"') === true;

/** Another sign-in would bring the same token: it would be advice in a circle. */
function stillRefused(endpoint: string, { sent, answer }: Exchanged): CliError {
  const why = reasonOf(sent, answer);
  return new CliError(`${endpoint} refuses a token that its issuer has just renewed. ${why}`, {
    hint: `Another sign-in will not help. Try again in a minute. ${askOwner(endpoint)}`,
  });
}

/** Who can do something about a token that is new and refused. */
export const askOwner = (endpoint: string): string =>
  `If it fails again, ask the owner of ${endpoint} to check OIDC_ISSUER, OIDC_CLIENT_ID, BEARER_AUDIENCE and its clock.`;

function reasonOf(sent: HttpRequest, answer: HttpResponse): string {
  try {
    acceptedBody(sent, answer);
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
  return '';
}
