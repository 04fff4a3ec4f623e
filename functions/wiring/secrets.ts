/**
 * The secrets of a deployed function: read at its start and again while it runs, so that a rotation
 * needs no deployment.
 */
import { type ReadParameters, parameterReader } from '../adapters/parameter-store.ts';
import { ClusterError } from '../model/cluster-error.ts';
import { defined } from '../model/defined.ts';
import type { LogLine } from '../model/log-line.ts';
import {
  commandThatSets,
  isRequired,
  parameterOf,
  type SecretName,
  secretSettings,
} from '../model/secret-names.ts';
import { type Environment, SettingError } from '../model/setting-reader.ts';
import { readSecretSettings, type SecretSettings } from '../settings/secret-settings.ts';

/** Reads the secrets at once. Undefined where that is not possible at the moment. */
export type ReadAgain = () => Promise<Environment | undefined>;

export type SecretUse<Made> = {
  readonly environment: Environment;
  /** The names that the function may read. */
  readonly namesFor: (onEks: boolean) => readonly SecretName[];
  /**
   * Makes the app of the function. `readAgain` is for a row that was sealed by a key that is not
   * known yet. Throws `SettingError` or `ClusterError` for values that cannot be used.
   */
  readonly make: (environment: Environment, readAgain?: ReadAgain) => Made;
  readonly log: (line: LogLine) => void;
  readonly now: () => Date;
};

// There is no timer between invocations: the first one after this time waits for the answer.
const freshMs = 300_000;
const retryMs = 30_000;
// The endpoint is public: without secrets, its requests must not become as many to AWS.
const failureMs = 2_000;

/**
 * The app of a function by its newest secrets. While they cannot be read again, or cannot be used,
 * the app goes on with those it has and says so in the log. Throws `SettingError` where there are
 * none yet.
 */
export function madeFromSecrets<Made>(use: SecretUse<Made>): () => Promise<Made> {
  const settings = readSecretSettings(use.environment);
  const names = settings && use.namesFor(settings.onEks);
  if (settings === undefined || names === undefined || names.length === 0) {
    const made = use.make(use.environment);
    return async () => made;
  }
  const source = secretSource(use, settings, names);
  let made: { readonly from: Environment; readonly app: Made } | undefined;
  return async () => {
    const from = await source.current();
    if (made?.from === from) return made.app;
    const app = remade(use, from, source.readAgain, made?.app);
    made = { from, app };
    return app;
  };
}

/** One mistake of the owner must not end what works. */
function remade<Made>(
  { make, log }: SecretUse<Made>,
  from: Environment,
  readAgain: ReadAgain,
  old: Made | undefined,
): Made {
  try {
    return make(from, readAgain);
  } catch (error) {
    const isOurs = error instanceof SettingError || error instanceof ClusterError;
    if (old === undefined || !isOurs) throw error;
    log({ level: 'error', message: 'secrets not usable', detail: error.message });
    return old;
  }
}

type SecretSource = {
  /** The settings with the secrets among them: the same object until a value changes. */
  readonly current: () => Promise<Environment>;
  readonly readAgain: ReadAgain;
};

/** What is known after a reading, and whether that is what AWS has now. */
type Reading = { readonly known: Environment; readonly isCurrent: boolean };

/** Calls at the same time share one request. */
function secretSource(
  { environment, log, now }: Pick<SecretUse<unknown>, 'environment' | 'log' | 'now'>,
  { path, region, keys, endpoint }: SecretSettings,
  names: readonly SecretName[],
): SecretSource {
  const read: ReadParameters = parameterReader(defined({ region, credentials: keys, endpoint }));
  let known: Environment | undefined;
  let failed: SettingError | undefined;
  let nextAt = 0;
  let reading: Promise<Reading> | undefined;

  const wait = (ms: number): void => {
    nextAt = now().getTime() + ms;
  };
  const renew = async (): Promise<Reading> => {
    const { values, problems } = await valuesOf(read, path, names);
    if (problems.length > 0) {
      if (known === undefined) {
        wait(failureMs);
        throw (failed = new SettingError(problems.join('\n')));
      }
      wait(retryMs);
      log({ level: 'warn', message: 'secrets not read again', problems });
      return { known, isCurrent: false };
    }
    wait(freshMs);
    const changed = names.filter((name) => known?.[secretSettings[name]] !== values[name]);
    if (known !== undefined && changed.length === 0) return { known, isCurrent: true };
    if (known !== undefined) log({ message: 'secrets changed', secrets: changed });
    known = withSecrets(environment, values);
    return { known, isCurrent: true };
  };
  const readOnce = (): Promise<Reading> =>
    (reading ??= renew().finally(() => {
      reading = undefined;
    }));
  return {
    readAgain: async () => {
      // One that is on its way may have begun before the value was written.
      if (reading !== undefined) await reading;
      const { known: read, isCurrent } = await readOnce();
      return isCurrent ? read : undefined;
    },
    current: async () => {
      if (now().getTime() >= nextAt) return (await readOnce()).known;
      if (known !== undefined) return known;
      if (failed !== undefined) throw failed;
      return (await readOnce()).known;
    },
  };
}

type Values = Partial<Readonly<Record<SecretName, string>>>;

async function valuesOf(
  read: ReadParameters,
  path: string,
  names: readonly SecretName[],
): Promise<{ readonly values: Values; readonly problems: readonly string[] }> {
  const stage = path.replace(/^.*\//, '');
  const answer = await read(names.map((name) => parameterOf(path, name)));
  if (answer.kind === 'unavailable') {
    const parameters = names.map((name) => parameterOf(path, name)).join(', ');
    return {
      values: {},
      problems: [
        `The secrets ${parameters} cannot be read (${answer.detail}). Check that they exist: npm run secret -- list --stage ${stage}`,
      ],
    };
  }
  const found = names.map((name) => [name, answer.values.get(parameterOf(path, name))] as const);
  return {
    values: Object.fromEntries(found.filter(([, value]) => value !== undefined)),
    problems: found
      .filter(([name, value]) => value === undefined && isRequired(name))
      .map(
        ([name]) =>
          `The secret ${parameterOf(path, name)} does not exist. Run: ${commandThatSets(name, stage)}`,
      ),
  };
}

const withSecrets = (environment: Environment, values: Values): Environment => ({
  ...environment,
  ...defined({
    KUBECONFIG_YAML: values.Kubeconfig,
    OAUTH_CLIENTS: values.OauthClients,
    TOKEN_KEYS: values.TokenKeys,
  }),
});
