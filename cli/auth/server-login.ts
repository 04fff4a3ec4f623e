import { randomBytes } from 'node:crypto';
import type { SessionAnswer, SignInStarted } from '../../functions/model/wire/session-wire.ts';
import { isSessionAnswer, isSignInStarted } from '../api/guards.ts';
import { askPerson } from './ask-person.ts';
import { showAddress } from './browser.ts';
import { CliError, exitCodes } from '../context.ts';
import { patienceMs, startLoopback } from './loopback.ts';
import { RequestFailure } from '../api/request.ts';
import { provenRequest } from '../api/proven-request.ts';
import { type Connection, notOurs, serverUrl } from '../api/mcpservers.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { oneLine } from '../../functions/model/outside-text.ts';

export type ServerSignIn = {
  readonly connection: Connection;
  readonly server: { readonly namespace: string; readonly name: string };
  /** Opens a browser; else only the address is printed. */
  readonly browser: boolean;
  /**
   * The browser may be on another machine: its page shows the one-time secret, and the person
   * pastes it here.
   */
  readonly typed: boolean;
  readonly info: (line: string) => void;
  /** What the person needs also with `--quiet`: the address. */
  readonly instruct: (line: string) => void;
  /** Ctrl-C: ends it with its AbortError. */
  readonly interrupted: AbortSignal;
};

/**
 * Signs the person in to one MCP server. The endpoint runs the sign-in; what comes back here is a
 * one-time secret that is valid only together with this person's own token. Throws with exit code 3
 * when it fails.
 */
export async function signInToServer(wanted: ServerSignIn): Promise<SessionAnswer> {
  let answer = await once(wanted);
  // A server names the scopes it lacks when it sees the token; the next sign-in asks for them.
  for (
    let rounds = 1;
    answer.session.missingScopes !== undefined && rounds < mostRounds;
    rounds += 1
  ) {
    wanted.info(
      `${qualifiedName(answer)} requires more scopes: ${oneLine(answer.session.missingScopes.join(' '), 300)}; signing in again.`,
    );
    answer = await once(wanted);
  }
  return authenticated(answer);
}

/** A server may step up twice; one that asks a third time would ask forever. */
const mostRounds = 3;

const once = (wanted: ServerSignIn): Promise<SessionAnswer> =>
  (wanted.typed ? byTyping(wanted) : byLoopback(wanted)).catch(asSignInFailure);

/** Throws with exit code 3 unless the session is Authenticated now. */
export function authenticated(answer: SessionAnswer): SessionAnswer {
  const { status, message, hint } = answer.session;
  if (status === 'Authenticated') return answer;
  throw failed(
    `${qualifiedName(answer)} is ${status}${message === undefined ? '' : `: ${oneLine(message, 1_024).replace(/\.$/, '')}`}`,
    hint,
  );
}

async function byLoopback({
  connection,
  server,
  browser,
  info,
  instruct,
  interrupted,
}: ServerSignIn): Promise<SessionAnswer> {
  // The path is secret, so that another page on this machine cannot guess where to send a request.
  const loopback = await startLoopback(
    `/signed-in/${randomBytes(32).toString('base64url')}`,
    (query) => query.size > 0,
  );
  try {
    const { authorizationUrl } = await start(connection, server, { returnTo: loopback.address });
    showAddress(authorizationUrl, { browser, info: instruct, from: connection.endpoint });
    const { query, say } = await loopback.arrival(patienceMs, { info, interrupted });
    const secret = query.get('secret');
    try {
      if (secret === null)
        throw failed(
          // The endpoint has cleaned it; no other program knows the path of this page.
          oneLine(
            query.get('error_description') ??
              query.get('error') ??
              'The browser returned no one-time secret',
            1_024,
          ).replace(/\.$/, ''),
        );
      const answer = await complete(connection, server, secret);
      say(
        'Go back to your terminal',
        `${server.name}: ${answer.session.status}. You may close this page.`,
      );
      return answer;
    } catch (error) {
      say('The sign-in failed', 'See your terminal for the reason. You may close this page.');
      throw error;
    }
  } finally {
    loopback.close();
  }
}

async function byTyping({
  connection,
  server,
  instruct,
  interrupted,
}: ServerSignIn): Promise<SessionAnswer> {
  const { authorizationUrl } = await start(connection, server, {});
  showAddress(authorizationUrl, { browser: false, info: instruct, from: connection.endpoint });
  const secret = await askPerson('Paste the secret that the last page shows (it stays hidden): ', {
    interrupted,
    hidden: true,
  });
  if (!secret) throw failed('No secret was entered');
  return complete(connection, server, secret);
}

async function start(
  connection: Connection,
  server: ServerSignIn['server'],
  body: { returnTo?: string },
): Promise<SignInStarted> {
  const url = `${serverUrl(connection.endpoint, server)}/session`;
  const started = await provenRequest(connection, { method: 'POST', url, body, timeoutMs: 30_000 });
  if (!isSignInStarted(started)) throw notOurs(connection.endpoint);
  return started;
}

async function complete(
  connection: Connection,
  server: ServerSignIn['server'],
  secret: string,
): Promise<SessionAnswer> {
  const url = `${serverUrl(connection.endpoint, server)}/session/complete`;
  const answer = await provenRequest(connection, {
    method: 'POST',
    url,
    body: { secret },
    timeoutMs: 30_000,
  });
  if (!isSessionAnswer(answer)) throw notOurs(connection.endpoint);
  return answer;
}

/** The endpoint has not started one: there is nothing to sign in to, or not with a token. */
export class NotStarted extends CliError {}

/** What the endpoint said about this sign-in, not about itself, the token or the key. */
function asSignInFailure(error: unknown): never {
  const isVerdict =
    error instanceof RequestFailure &&
    error.exitCode !== exitCodes.signInRequired &&
    (error.status < 500 || error.status === 502);
  if (!isVerdict) throw error;
  const Failure = error.status === 409 ? NotStarted : CliError;
  throw new Failure(error.message, {
    exitCode: exitCodes.signInFailed,
    hint: nextStep(error.hint),
  });
}

const failed = (message: string, hint?: string): CliError =>
  new CliError(`${message}.`, {
    exitCode: exitCodes.signInFailed,
    hint: nextStep(hint === undefined ? undefined : `Run: ${hint}`),
  });

/** A sign-in never advises itself. */
const nextStep = (hint: string | undefined): string =>
  hint === undefined || hint.startsWith('Run: muster auth login --server ') ? 'Try again.' : hint;
