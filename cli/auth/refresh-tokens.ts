import { tokensFrom } from './claims.ts';
import { CliError, exitCodes } from '../context.ts';
import { askForTokens, discoverIssuer, type GrantResult } from './oidc-client.ts';
import { withLock } from './file-lock.ts';
import { readTokens, tokenFile, type Tokens, writeTokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';

/** A token this close to its end could expire on the way to the endpoint. */
const marginMs = 30_000;

/**
 * The tokens to send to this endpoint, refreshed where that is due; undefined without a sign-in to
 * it on this machine. Throws with exit code 2 when the sign-in cannot be refreshed. A network that
 * is down ends no sign-in and deletes nothing.
 */
export async function freshTokens(
  endpoint: string,
  environment: Readonly<Record<string, string | undefined>>,
  now: Date,
  info: (line: string) => void,
): Promise<Tokens | undefined> {
  const tokens = await readTokens(endpoint, environment, info);
  if (tokens === undefined || isFresh(tokens, now)) return tokens;
  // A refresh token may be valid for one use only: of several commands in parallel one uses it.
  return withLock(
    tokenFile(endpoint, environment),
    () => refreshTokens(endpoint, environment, now, info),
    { info },
  );
}

async function refreshTokens(
  endpoint: string,
  environment: Readonly<Record<string, string | undefined>>,
  now: Date,
  info: (line: string) => void,
): Promise<Tokens | undefined> {
  const tokens = await readTokens(endpoint, environment, info);
  if (tokens === undefined || isFresh(tokens, now)) return tokens;
  const { refreshToken } = tokens;
  if (refreshToken === undefined) {
    if (tokens.expiresAt > now) return tokens;
    throw ended(endpoint, 'has expired');
  }

  const granted = await askToRefresh(tokens, refreshToken);
  if (granted.kind === 'refused')
    throw ended(endpoint, `could not be refreshed: ${granted.description ?? granted.error}`);
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

async function askToRefresh(
  { endpoint, issuer, resource, ...client }: Tokens,
  refreshToken: string,
): Promise<GrantResult> {
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
    throw new CliError(
      `Your sign-in to ${endpoint} could not be refreshed, because its issuer is unavailable: ${error.message}`,
      {
        hint: 'Try again in a minute. If it fails again, run: muster auth login',
      },
    );
  }
}

export const isFresh = (tokens: Tokens, now: Date): boolean =>
  tokens.expiresAt.getTime() - marginMs > now.getTime();

const ended = (endpoint: string, how: string): CliError =>
  new CliError(`Your sign-in to ${endpoint} ${how}.`, {
    exitCode: exitCodes.signInRequired,
    hint: 'Run: muster auth login',
  });
