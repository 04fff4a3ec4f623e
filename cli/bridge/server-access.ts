import { isLoopback, isSafe } from '../endpoint/web-address.ts';
import { connectAsPerson } from '../auth/connect.ts';
import { lastSessionChange } from '../token-store/session-change.ts';
import { readTokens } from '../token-store/token-files.ts';
import { serverNamed } from '../api/mcpservers.ts';
import { type ReleaseRequest, type Release, releaseToken } from '../api/release-token.ts';
import { NoResponse } from '../api/no-response.ts';
import { RequestFailure } from '../api/request.ts';
import { CliError, type CommandContext } from '../context.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { asBridgeError, BridgeError } from './bridge-error.ts';

/** Where the MCP server is, and what this person sends to it. */
export type Access = {
  readonly url: URL;
  readonly type: string;
  /** Sent to the origin of `url` only. Absent: the server asks for no sign-in. */
  readonly token?: string;
};

/** The person's access to one MCP server, asked for when it is needed. Both throw `BridgeError`. */
export type AccessKeeper = {
  readonly current: () => Promise<Access>;
  /** Another one, after the server has refused this one with 401. */
  readonly renew: (refused: Access) => Promise<Access>;
  /** The error of a server that has refused the renewed one also. The endpoint learns of it. */
  readonly refusedAgain: (refused: Access) => Promise<BridgeError>;
};

type Held = Access & {
  readonly kind: Release['released']['kind'];
  readonly generation?: string;
  /** By the clock of this machine. */
  readonly endsAt: number;
  readonly subject: string;
};

/**
 * A token this close to its end could expire on the way. Less than the fifth of its lifetime at
 * which the endpoint refreshes it: whoever asks then gets another one, and asks no more.
 */
const marginMs = (leftMs: number): number => Math.min(5_000, leftMs / 6);
/** So that a sign-out elsewhere, and what the owner changes, reach a bridge with a long token. */
const askAgainMs = 5 * 60_000;
const retryMs = 30_000;
/** Half of what a proof may be off; `Date` headers have whole seconds. */
const driftMs = 30_000;

export function accessKeeper(
  name: string,
  endpoint: string,
  context: Pick<CommandContext, 'option' | 'environment' | 'now' | 'info'>,
): AccessKeeper {
  let held: Held | undefined;
  let askAgainAt = 0;
  let seenChange: number | undefined;
  let asking: Promise<Held> | undefined;
  let server: { readonly namespace: string; readonly name: string } | undefined;
  const nowMs = () => context.now().getTime();

  const release = async (body: ReleaseRequest, refused?: Held): Promise<Held> => {
    const connection = await connectionAs(refused);
    seenChange = await lastSessionChange(endpoint, context.environment);
    server ??= await serverNamed(connection, name);
    const { released, at } = await releaseToken(connection, server, body);
    const { url: text, type, kind } = released;
    const url = addressOf(text, endpoint, kind === 'open', name);
    const { subject, idToken, expiresAt } = connection.tokens;
    const known = { kind, url, type, subject };
    switch (kind) {
      case 'open':
        return { ...known, endsAt: Infinity };
      case 'forwarded':
        return { ...known, token: idToken, endsAt: expiresAt.getTime() };
      case 'token':
        return {
          ...known,
          token: released.accessToken,
          generation: released.generation,
          endsAt: endOf(released.expiresAt, at),
        };
    }
  };
  /** Where the person's own token was refused, with another one. */
  const connectionAs = async (refused: Held | undefined) => {
    const connection = await connectAsPerson(context);
    if (refused?.kind !== 'forwarded' || refused.token !== connection.tokens.idToken)
      return connection;
    await connection.renewal?.renew();
    return connectAsPerson(context);
  };
  const endOf = (expiresAt: string | undefined, at: Date | undefined): number => {
    const ends = Date.parse(expiresAt ?? '');
    const aheadMs = at === undefined ? 0 : nowMs() - at.getTime();
    if (Number.isNaN(ends)) return Infinity;
    const here = ends + (Math.abs(aheadMs) < driftMs ? 0 : aheadMs);
    return here - marginMs(here - nowMs());
  };

  const ask = (body: ReleaseRequest, refused?: Held): Promise<Held> => {
    asking ??= release(body, refused)
      .then((got) => {
        askAgainAt = nowMs() + askAgainMs;
        return (held = got);
      })
      .finally(() => (asking = undefined));
    return asking;
  };
  const current = async (): Promise<Access> => {
    await stillSignedIn();
    if (held === undefined || held.endsAt <= nowMs()) return ask({});
    if (askAgainAt > nowMs()) return held;
    const known = held;
    return ask({}).catch((error: unknown) => {
      if (!isPassing(error)) throw error;
      askAgainAt = nowMs() + retryMs;
      return known;
    });
  };
  /** What another command on this machine has ended is not used any longer. */
  const stillSignedIn = async (): Promise<void> => {
    if (held === undefined) return;
    const tokens = await readTokens(endpoint, context.environment, context.info);
    if (tokens?.subject !== held.subject) held = undefined;
    if ((await lastSessionChange(endpoint, context.environment)) !== seenChange) askAgainAt = 0;
  };
  const renew = async (refused: Access): Promise<Access> => {
    // Another message may have renewed it in the meantime.
    await asking?.catch(() => {});
    if (held !== undefined && held !== refused) return held;
    const known = held;
    held = undefined;
    return ask(known?.generation === undefined ? {} : { stale: known.generation }, known);
  };
  const refusedAgain = async (refused: Access): Promise<BridgeError> => {
    const known = held === refused ? held : undefined;
    if (known !== undefined) held = undefined;
    if (known?.generation !== undefined)
      await ask({ refused: known.generation }).catch(onlyCliError);
    return refused.token === undefined ? pendingAuth(name) : doesNotTake(name);
  };
  const explained = (error: unknown): never => {
    throw error instanceof CliError ? explanationOf(error, name) : error;
  };
  return {
    current: () => current().catch(explained),
    renew: (refused) => renew(refused).catch(explained),
    refusedAgain,
  };
}

/** Why the endpoint released nothing, with the name that the person uses. */
function explanationOf(error: CliError, name: string): BridgeError {
  const { message, hint = '' } = error;
  if (!(error instanceof RequestFailure)) return asBridgeError(error);
  const [, status] = /\((Pending Auth|Expired)\)/.exec(message) ?? [];
  if (error.status === 409 && status !== undefined)
    return new BridgeError(
      `${name}: you are not signed in (${status}). Run: muster auth login --server ${name}`,
    );
  const [setting] = /\bRELEASE_[A-Z]+\b/.exec(hint) ?? [];
  if (error.status === 403 && setting !== undefined)
    return new BridgeError(
      `${message.replace(/^[^:]*: /, '')} Its owner can allow it: ${setting}.`,
    );
  return asBridgeError(error);
}

/**
 * The address, if something may be sent to it: a token over https only, or on this machine; and an
 * address on this machine only where the endpoint is here also.
 */
function addressOf(text: string, endpoint: string, isOpen: boolean, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url !== undefined && (isSafe(url) || (isOpen && url.protocol === 'http:'));
  if (isWeb && (!isLoopback(url) || isLoopback(new URL(endpoint)))) return url;
  throw new BridgeError(
    `${endpoint} names the address ${oneLineWithoutSecrets(text, 200)} for ${name}. Tokens are sent over https only, or on this machine.`,
  );
}

const isPassing = (error: unknown): boolean =>
  error instanceof NoResponse ||
  (error instanceof RequestFailure && (error.status === 429 || error.status >= 500));

function onlyCliError(error: unknown): void {
  if (!(error instanceof CliError)) throw error;
}

const pendingAuth = (name: string): BridgeError =>
  new BridgeError(
    `${name}: you are not signed in (Pending Auth). Run: muster auth login --server ${name}`,
  );

const doesNotTake = (name: string): BridgeError =>
  new BridgeError(
    `${name} does not take your token (401). Run: muster auth login --server ${name}`,
  );
