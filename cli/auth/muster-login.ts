import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../functions/model/wire.ts';
import { isConfig } from '../api/guards.ts';
import { showAddress } from './browser.ts';
import { tokensFrom } from './claims.ts';
import { byDevice } from './device.ts';
import { CliError, exitCodes } from '../context.ts';
import { askForTokens, discoverIssuer, type Issuer } from './oidc-client.ts';
import { patienceMs, startLoopback } from './loopback.ts';
import { connectionOf } from './connect.ts';
import { enrollKey, removeReplacedKey } from './enroll-key.ts';
import { newMachineKey, thumbprintOf } from './machine-key.ts';
import { readPastedAddress } from './pasted-address.ts';
import { request } from '../api/request.ts';
import { notOurs } from '../api/mcpservers.ts';
import { readTokens, type Tokens, writeTokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';

export type MusterSignIn = {
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Opens a browser; else only the address is printed. */
  readonly browser: boolean;
  /** The browser may be on another machine: the person can paste the address where it ended. */
  readonly pasted: boolean;
  /** The browser is on another device. The sign-in has no key then, and can only read. */
  readonly device: boolean;
  readonly info: (line: string) => void;
  readonly now: () => Date;
};

/**
 * Signs a person in to the endpoint. Throws with exit code 3 when it fails; an earlier sign-in
 * stays.
 */
export async function signInToMuster(wanted: MusterSignIn): Promise<SignedIn> {
  const config = await request({ method: 'GET', url: `${wanted.endpoint}/v1/config` });
  if (!isConfig(config)) throw notOurs(wanted.endpoint);
  const issuer = await discoverIssuer(config.issuer);
  if (!wanted.device) return byLoopback(issuer, config, wanted);
  const tokens = await byDevice(issuer, config, wanted);
  await writeTokens(tokens, wanted.environment);
  return connectionOf(tokens, wanted.now);
}

/** The connection of a person who is signed in. */
export type SignedIn = ReturnType<typeof connectionOf>;

/**
 * Authorization code with PKCE (RFC 7636), state, nonce and the issuer's name (RFC 9207), back on a
 * loopback page (RFC 8252). The nonce is the thumbprint of a new key: the issuer signs that this
 * sign-in belongs to it.
 */
async function byLoopback(
  issuer: Issuer,
  { clientId, scopes, resource }: Config,
  wanted: MusterSignIn,
): Promise<SignedIn> {
  const { endpoint, environment, browser, pasted, info, now } = wanted;
  const [verifier, state, key] = [random(), random(), newMachineKey()];
  const nonce = thumbprintOf(key);
  let paste: ReturnType<typeof readPastedAddress> | undefined;
  const loopback = await startLoopback('/callback', (query) => query.get('state') === state);
  try {
    const address = new URL(issuer.authorizationEndpoint);
    const parameters = defined({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: loopback.address,
      scope: scopes.join(' '),
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource,
      // OpenID Connect Core 1.0, section 11: offline access needs consent,
      // where the issuer supports it.
      prompt: issuer.asksForConsent && scopes.includes('offline_access') ? 'consent' : undefined,
    });
    for (const [key, value] of Object.entries(parameters)) address.searchParams.set(key, value);
    showAddress(address.href, { browser, info });
    if (pasted) paste = readPastedAddress(loopback.accept, info);

    const { query, say } = await loopback.arrival(patienceMs);
    paste?.stop();
    try {
      const tokens = await redeemCode(query, issuer, {
        verifier,
        clientId,
        redirectUri: loopback.address,
        nonce,
        endpoint,
        resource,
        now: now(),
      });
      const signedIn = await keepSignIn({ ...tokens, key }, { environment, now });
      say('You are signed in', 'Go back to your terminal. You may close this page.');
      return signedIn;
    } catch (error) {
      say('The sign-in failed', 'See your terminal for the reason. You may close this page.');
      throw error;
    }
  } finally {
    paste?.stop();
    loopback.close();
  }
}

/** Registers the key and stores the sign-in; an earlier one is replaced only when both succeed. */
async function keepSignIn(
  tokens: Tokens,
  { environment, now }: Pick<MusterSignIn, 'environment' | 'now'>,
): Promise<SignedIn> {
  const connection = connectionOf(tokens, now);
  await enrollKey(connection, tokens);
  const earlier = await readTokens(tokens.endpoint, environment).catch(onlyUnreadable);
  await writeTokens(tokens, environment);
  await removeReplacedKey(connection, earlier);
  return connection;
}

/** A file that holds something else is replaced. */
function onlyUnreadable(error: unknown): undefined {
  if (!(error instanceof CliError)) throw error;
}

type Redemption = {
  readonly verifier: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly endpoint: string;
  readonly resource: string | undefined;
  readonly now: Date;
};

async function redeemCode(
  query: URLSearchParams,
  issuer: Issuer,
  redemption: Redemption,
): Promise<Tokens> {
  const { verifier, clientId, redirectUri, nonce, endpoint, resource, now } = redemption;
  const granted = await askForTokens(
    issuer,
    defined({
      grant_type: 'authorization_code',
      code: codeIn(query, issuer),
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
      resource,
    }),
  );
  if (granted.kind === 'refused')
    throw failed(`${issuer.issuer} refused the code: ${granted.description ?? granted.error}`);
  return tokensFrom(granted, { endpoint, issuer: issuer.issuer, clientId, nonce, resource, now });
}

/**
 * The code that the browser brought. Throws when it brought an error, or came from another issuer.
 */
function codeIn(query: URLSearchParams, { issuer, namesItself }: Issuer): string {
  const name = query.get('iss');
  if (name === null ? namesItself : name !== issuer)
    throw failed('The response came from another issuer than expected');
  const error = query.get('error');
  if (error !== null)
    throw failed(`${issuer} refused the sign-in: ${query.get('error_description') ?? error}`);
  const code = query.get('code');
  if (code === null) throw failed(`${issuer} returned no code`);
  return code;
}

const failed = (message: string): CliError =>
  new CliError(`${message}.`, { exitCode: exitCodes.signInFailed, hint: 'Try again.' });

const random = (): string => randomBytes(32).toString('base64url');
