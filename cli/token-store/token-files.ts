import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError, exitCodes } from '../context.ts';
import { type MachineKey, machineKeyIn } from './machine-key.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { defined } from '../../functions/model/defined.ts';
import { configFolder, type Surroundings } from './config-folder.ts';
import { failureFile } from './refresh-failure.ts';
import { codeOf, privateFolder, readPrivate, writePrivate } from './private-file.ts';

type Warn = (line: string) => void;

/** What a sign-in stores on this machine. Never printed. */
export type Tokens = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Every refresh needs it, where the client has one. */
  readonly publicClientSecret?: string;
  readonly idToken: string;
  /**
   * Sent where the endpoint takes access tokens made for `resource`; elsewhere the ID token is.
   */
  readonly accessToken?: string;
  readonly resource?: string;
  readonly refreshToken?: string;
  /** By the clock of this machine, which may be off. */
  readonly expiresAt: Date;
  readonly subject: string;
  readonly email?: string;
  readonly name?: string;
  /** Absent for a sign-in that can only read: with `--device`, or older than the keys. */
  readonly key?: MachineKey;
};

const folderOf = (environment: Surroundings): string => join(configFolder(environment), 'tokens');

/** The file of one endpoint, in the folder `tokens` of this command: `<hash>.json`. */
export const tokenFile = (endpoint: string, environment: Surroundings): string =>
  join(
    folderOf(environment),
    `${createHash('sha256').update(endpoint).digest('hex').slice(0, 32)}.json`,
  );

/**
 * The tokens for this endpoint; undefined without a sign-in to it here. Throws when the file holds
 * something else. `warn` gets a line when other users could read it.
 */
export async function readTokens(
  endpoint: string,
  environment: Surroundings,
  warn: Warn,
): Promise<Tokens | undefined> {
  // Without a sign-in, no digest has to be made.
  if (!existsSync(folderOf(environment))) return undefined;
  const file = tokenFile(endpoint, environment);
  const text = await readPrivate(file, warn);
  if (text === undefined) return undefined;
  const tokens = parsed(text);
  if (tokens?.endpoint !== endpoint) throw new UnreadableTokens(endpoint, file);
  return tokens;
}

/** The file is damaged, or holds something else. A sign-in replaces it. */
export class UnreadableTokens extends CliError {
  constructor(endpoint: string, file: string) {
    super(`The saved sign-in to ${endpoint} cannot be read (${file}).`, {
      exitCode: exitCodes.signInRequired,
      hint: 'Run: muster auth login',
    });
  }
}

/** The endpoints that a person is signed in to on this machine. What cannot be read is left out. */
export async function signedInEndpoints(environment: Surroundings): Promise<readonly string[]> {
  const folder = folderOf(environment);
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map((name) => readPrivate(join(folder, name), () => undefined).catch(() => undefined)),
  );
  return texts
    .flatMap((text) => parsed(text ?? '')?.endpoint ?? [])
    .filter((endpoint) => URL.canParse(endpoint))
    .sort();
}

/** Stores them, readable by this user only. For the holder of the lock of the file. */
export const writeTokens = (tokens: Tokens, environment: Surroundings): Promise<void> =>
  writePrivate(
    tokenFile(tokens.endpoint, environment),
    `${JSON.stringify(tokens, undefined, 2)}\n`,
  );

/**
 * Stores the tokens of a new sign-in. A refresh of an earlier sign-in that is under way ends first:
 * otherwise it would put the earlier person back.
 */
export async function storeTokens(
  tokens: Tokens,
  environment: Surroundings,
  info: Warn,
): Promise<void> {
  const { withLock } = await import('./file-lock.ts');
  const file = tokenFile(tokens.endpoint, environment);
  await withLock(file, () => writeTokens(tokens, environment), { info });
}

/** Throws with exit code 3 unless a sign-in to this endpoint can be stored. */
export const readyForTokens = (endpoint: string, environment: Surroundings): Promise<void> =>
  privateFolder(dirname(tokenFile(endpoint, environment)));

/** What is sent to the endpoint. */
export const bearerOf = ({ accessToken, idToken }: Tokens): string => accessToken ?? idToken;

/**
 * Whether there was something to forget. A refresh that is under way ends first: otherwise it would
 * bring the sign-in back.
 */
export async function forgetTokens(
  endpoint: string,
  environment: Surroundings,
  info: Warn,
): Promise<boolean> {
  const file = tokenFile(endpoint, environment);
  if (!(await exists(file))) return false;
  const { withLock } = await import('./file-lock.ts');
  return withLock(
    file,
    async () => {
      const existed = await exists(file);
      await rm(file, { force: true });
      await rm(failureFile(file), { force: true });
      return existed;
    },
    { info },
  );
}

const exists = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );

function parsed(text: string): Tokens | undefined {
  const json = parseJson(text);
  if (!isRecord(json)) return undefined;
  const {
    endpoint,
    issuer,
    clientId,
    publicClientSecret,
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
  if (Number.isNaN(Date.parse(expiresAt))) return undefined;
  // What no header can carry was damaged.
  if (![idToken, accessToken].every(isPlain)) return undefined;
  return defined({
    endpoint,
    issuer,
    clientId,
    idToken,
    expiresAt: new Date(expiresAt),
    subject,
    publicClientSecret: typeof publicClientSecret === 'string' ? publicClientSecret : undefined,
    accessToken: typeof accessToken === 'string' ? accessToken : undefined,
    resource: typeof resource === 'string' ? resource : undefined,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    email: typeof email === 'string' ? email : undefined,
    name: typeof name === 'string' ? name : undefined,
    key: machineKeyIn(key),
  });
}

const isPlain = (token: unknown): boolean =>
  typeof token !== 'string' || /^[\x20-\x7e]+$/.test(token);
