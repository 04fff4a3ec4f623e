import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../context.ts';
import { type MachineKey, machineKeyIn } from './machine-key.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { defined } from '../../functions/model/defined.ts';
import { messageOf } from '../../functions/model/error-message.ts';

/** What a sign-in stores on this machine. Never printed. */
export type Tokens = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly idToken: string;
  /**
   * Sent where the endpoint takes access tokens made for `resource`; elsewhere the ID token is.
   */
  readonly accessToken?: string;
  readonly resource?: string;
  readonly refreshToken?: string;
  readonly expiresAt: Date;
  readonly subject: string;
  readonly email?: string;
  readonly name?: string;
  /** Absent for a sign-in that can only read: with `--device`, or older than the keys. */
  readonly key?: MachineKey;
};

type Surroundings = Readonly<Record<string, string | undefined>>;

/**
 * The file of one endpoint: `$XDG_CONFIG_HOME/muster/tokens/<hash>.json`, else below `~/.config`.
 */
export function tokenFile(endpoint: string, environment: Surroundings): string {
  const given = environment['XDG_CONFIG_HOME'];
  const config =
    given === undefined || given === '' ? join(environment['HOME'] ?? homedir(), '.config') : given;
  return join(
    config,
    'muster',
    'tokens',
    `${createHash('sha256').update(endpoint).digest('hex').slice(0, 32)}.json`,
  );
}

/**
 * The tokens for this endpoint; undefined without a sign-in to it here. Throws when the file holds
 * something else.
 */
export async function readTokens(
  endpoint: string,
  environment: Surroundings,
): Promise<Tokens | undefined> {
  const file = tokenFile(endpoint, environment);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError(`${file} cannot be read: ${messageOf(error)}`);
  });
  if (text === undefined) return undefined;
  const tokens = parsed(text);
  if (tokens === undefined || tokens.endpoint !== endpoint) {
    throw new CliError(`${file} does not hold tokens for ${endpoint}.`, {
      hint: 'Remove it, then run: muster auth login',
    });
  }
  return tokens;
}

/**
 * Stores them, readable by this user only. The file is replaced as a whole, so that a crash or a
 * second muster never leaves half of one.
 */
export async function writeTokens(tokens: Tokens, environment: Surroundings): Promise<void> {
  const file = tokenFile(tokens.endpoint, environment);
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // mkdir does not change the mode of a folder that exists.
  await chmod(folder, 0o700);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `${JSON.stringify(tokens, undefined, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** What is sent to the endpoint. */
export const bearerOf = ({ accessToken, idToken }: Tokens): string => accessToken ?? idToken;

/** Whether there was something to forget. */
export async function forgetTokens(endpoint: string, environment: Surroundings): Promise<boolean> {
  return rm(tokenFile(endpoint, environment)).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

function parsed(text: string): Tokens | undefined {
  const json = parseJson(text);
  if (!isRecord(json)) return undefined;
  const {
    endpoint,
    issuer,
    clientId,
    idToken,
    accessToken,
    resource,
    refreshToken,
    expiresAt,
    subject,
    email,
    name,
    key,
  } = json;
  if (typeof endpoint !== 'string' || typeof issuer !== 'string' || typeof clientId !== 'string')
    return undefined;
  if (typeof idToken !== 'string' || typeof subject !== 'string' || typeof expiresAt !== 'string')
    return undefined;
  return defined({
    endpoint,
    issuer,
    clientId,
    idToken,
    expiresAt: new Date(expiresAt),
    subject,
    accessToken: typeof accessToken === 'string' ? accessToken : undefined,
    resource: typeof resource === 'string' ? resource : undefined,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    email: typeof email === 'string' ? email : undefined,
    name: typeof name === 'string' ? name : undefined,
    key: machineKeyIn(key),
  });
}
