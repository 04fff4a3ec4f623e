import { CliError, exitCodes } from '../context.ts';
import type { GrantResult } from '../auth/oidc-client.ts';
import { bearerOf, readTokens, tokenFile, type Tokens, writeTokens } from './token-files.ts';
import { failureSince, recordFailure } from './refresh-failure.ts';
import { NoResponse } from '../api/no-response.ts';
import { defined } from '../../functions/model/defined.ts';

/** A token this close to its end could expire on the way to the endpoint. */
const marginMs = 30_000;

type Environment = Readonly<Record<string, string | undefined>>;
type Warn = (line: string) => void;

/**
 * The tokens to send to this endpoint, refreshed where that is due, or where the endpoint has
 * `refused` them; undefined without a sign-in to it on this machine. Throws with exit code 2 when
 * the sign-in cannot be refreshed, and `NotRefreshed` when its issuer is down, which ends no sign-in
 * and deletes nothing.
 */
export async function freshTokens(
  endpoint: string,
  environment: Environment,
  now: Date,
  info: Warn,
  refused?: string,
): Promise<Tokens | undefined> {
  const isUsable = (tokens: Tokens) => isFresh(tokens, now) && bearerOf(tokens) !== refused;
  const tokens = await readTokens(endpoint, environment, info);
  if (tokens === undefined || isUsable(tokens)) return tokens;
  const file = tokenFile(endpoint, environment);
  const askedAt = Date.now();
  // Loaded only here and below: at most starts nothing has to be refreshed.
  const { withLock } = await import('./file-lock.ts');
  // A refresh token may be valid for one use only: of several commands in parallel one uses it.
  return withLock(
    file,
    async () => {
      const current = await readTokens(endpoint, environment, info);
      if (current === undefined || isUsable(current)) return current;
      // What another command found while this one waited holds for this one, too: an issuer that
      // hangs would otherwise be waited for by each in turn.
      const found = await failureSince(file, askedAt, info);
      const outcome =
        found === undefined
          ? await refreshTokens(current, environment, now).catch(onlyNotRefreshed)
          : new NotRefreshed(current, found.message, found.isReached);
      if (!(outcome instanceof NotRefreshed)) return outcome;
      if (found === undefined) await recordFailure(file, outcome);
      if (current.expiresAt > now && bearerOf(current) !== refused) return current;
      throw outcome;
    },
    { info },
  );
}

function onlyNotRefreshed(error: unknown): NotRefreshed {
  if (error instanceof NotRefreshed) return error;
  throw error;
}

async function refreshTokens(tokens: Tokens, environment: Environment, now: Date): Promise<Tokens> {
  const { endpoint, refreshToken } = tokens;
  if (refreshToken === undefined) {
    if (tokens.expiresAt > now) return tokens;
    throw ended(endpoint, 'has expired');
  }

  const granted = await askToRefresh(tokens, refreshToken);
  if (granted.kind === 'refused')
    throw ended(endpoint, `could not be refreshed: ${granted.description ?? granted.error}`);
  const { tokensFrom } = await import('./claims.ts');
  const { issuer: name, clientId, publicClientSecret, subject, resource } = tokens;
  const renewed = defined({
    ...tokensFrom(
      { refreshToken, ...granted },
      { endpoint, issuer: name, clientId, publicClientSecret, subject, resource, now },
    ),
    // Issuers may leave the nonce out of a refreshed token; the endpoint knows the key since sign-in.
    key: tokens.key,
  });
  await writeTokens(renewed, environment);
  return renewed;
}

async function askToRefresh(tokens: Tokens, refreshToken: string): Promise<GrantResult> {
  const { askForTokens, discoverIssuer } = await import('../auth/oidc-client.ts');
  const { issuer, resource, ...client } = tokens;
  try {
    return await askForTokens(
      await discoverIssuer(issuer),
      client,
      defined({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        resource,
      }),
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new NotRefreshed(tokens, error.message, !(error instanceof NoResponse));
  }
}

/** The issuer could not refresh the sign-in for now. That ends nothing. */
export class NotRefreshed extends CliError {
  readonly tokens: Tokens;
  readonly reason: string;
  /** Whether there was a response at all. */
  readonly isReached: boolean;

  constructor(tokens: Tokens, reason: string, isReached: boolean) {
    super(
      `Your sign-in to ${tokens.endpoint} could not be refreshed, because its issuer is unavailable: ${reason}`,
      { hint: 'Your sign-in is kept. Try again in a minute.' },
    );
    this.tokens = tokens;
    this.reason = reason;
    this.isReached = isReached;
  }
}

export const isFresh = (tokens: Tokens, now: Date): boolean =>
  tokens.expiresAt.getTime() - marginMs > now.getTime();

const ended = (endpoint: string, how: string): CliError =>
  new CliError(`Your sign-in to ${endpoint} ${how}.`, {
    exitCode: exitCodes.signInRequired,
    hint: 'Run: muster auth login',
  });
