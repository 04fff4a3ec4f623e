/** What `npm run secret` does with its arguments. */
import { textTable } from '../../cli/output/text-table.ts';
import {
  commandThatSets,
  isRequired,
  parameterOf,
  type SecretName,
  secretNames,
  secretsPathOf,
} from '../../functions/model/secret-names.ts';
import { judgeValue, type JudgeKubeconfig } from './judged-value.ts';
import type { StoredSecrets } from './stored-secrets.ts';
import { keyIdsOf, rotated } from './token-keys.ts';

export type SecretPorts = {
  readonly stage: string;
  readonly secrets: StoredSecrets;
  /** Undefined at a terminal: then nobody would know that it waits. */
  readonly readValue: () => Promise<string | undefined>;
  readonly judgeKubeconfig: JudgeKubeconfig;
  readonly now: () => Date;
  /** base64url of 32 random bytes. */
  readonly newKey: () => string;
};

/** `code` is the exit code; the lines of a failure go to stderr. */
export type SecretResult = { readonly code: 0 | 1 | 2; readonly lines: readonly string[] };

export const usage = [
  'Usage:',
  '  npm run secret -- set NAME --stage STAGE < FILE',
  '  npm run secret -- rotate TokenKeys --stage STAGE [--keep NUMBER]',
  '  npm run secret -- list --stage STAGE',
  '  npm run secret -- remove NAME --stage STAGE',
  `Names: ${secretNames.join(', ')}`,
];

/** `arguments_` without the stage. Throws the errors of AWS. */
export async function runSecret(
  arguments_: readonly string[],
  ports: SecretPorts,
): Promise<SecretResult> {
  const [command, ...rest] = arguments_;
  switch (command) {
    case 'set':
      return set(rest, ports);
    case 'rotate':
      return rotate(rest, ports);
    case 'list':
      return rest.length === 0 ? list(ports) : misused('list takes no names.');
    case 'remove':
      return remove(rest, ports);
    case undefined:
      return { code: 2, lines: usage };
    default:
      return misused('The first argument is set, rotate, list or remove.');
  }
}

/** It never quotes an argument: one too many may be the secret itself. */
const misused = (problem: string): SecretResult => ({ code: 2, lines: [problem, ...usage] });
const failed = (...lines: readonly string[]): SecretResult => ({ code: 1, lines });
const done = (...lines: readonly string[]): SecretResult => ({ code: 0, lines });

const secretNamed = (text: string | undefined): SecretName | undefined =>
  secretNames.find((name) => name === text);

async function set(
  [text, ...more]: readonly string[],
  { stage, secrets, readValue, judgeKubeconfig }: SecretPorts,
): Promise<SecretResult> {
  const name = secretNamed(text);
  if (name === undefined) return misused('set needs the name of a secret.');
  if (more.length > 0)
    return misused(
      `set ${name} takes no value as an argument: everyone on this machine can read arguments. It reads the value from stdin.`,
    );
  const given = await readValue();
  if (given === undefined)
    return failed(
      `set ${name} reads the value from stdin.`,
      `Run: npm run secret -- set ${name} --stage ${stage} < FILE`,
    );
  const judged = await judgeValue(name, given, stage, judgeKubeconfig);
  if (judged.kind === 'refused')
    return failed(`${name} was not written. ${judged.problem}`, judged.hint);
  await secrets.write(name, judged.value);
  return done(
    `Wrote ${parameterOf(secretsPathOf(stage), name)} (${judged.value.length} characters). Running functions use it within 5 minutes.`,
    ...judged.remarks,
  );
}

async function rotate(
  [text, ...more]: readonly string[],
  { stage, secrets, now, newKey }: SecretPorts,
): Promise<SecretResult> {
  if (secretNamed(text) !== 'TokenKeys')
    return misused('rotate makes a key for TokenKeys. Other secrets have a value of yours: set.');
  const [flag, count, ...others] = more;
  const keep = flag === '--keep' && /^\d+$/.test(count ?? '') ? Number(count) : undefined;
  if (others.length > 0 || (flag !== undefined && keep === undefined))
    return misused('rotate takes --keep and the number of old keys to keep.');
  const stored = (await secrets.list()).find(({ name }) => name === 'TokenKeys');
  const value = rotated({
    old: stored?.value,
    now: now(),
    newKey: newKey(),
    ...(keep === undefined ? {} : { keep }),
  });
  await secrets.write('TokenKeys', value);
  const [first, ...kept] = keyIdsOf(value);
  const dropped = keyIdsOf(stored?.value ?? '').filter((id) => !kept.includes(id));
  return done(
    `Wrote ${parameterOf(secretsPathOf(stage), 'TokenKeys')}. Running functions use it within 5 minutes.`,
    `Encrypts from now on: ${first}`,
    ...(kept.length > 0 ? [`Still decrypt: ${kept.join(', ')}`] : []),
    ...(dropped.length > 0
      ? [`Dropped: ${dropped.join(', ')}. Sessions that only these can decrypt are now Expired.`]
      : []),
  );
}

async function list({ stage, secrets }: SecretPorts): Promise<SecretResult> {
  const stored = await secrets.list();
  const rows = secretNames.map((name): string[] => {
    const found = stored.find((one) => one.name === name);
    if (found === undefined) return [name, isRequired(name) ? 'missing' : 'not set', '-', '-'];
    const keys = name === 'TokenKeys' ? keyIdsOf(found.value).join(', ') : '-';
    return [name, found.changed?.toISOString() ?? '-', String(found.version), keys];
  });
  const hints = secretNames
    .filter((name) => isRequired(name) && !stored.some((one) => one.name === name))
    .map((name) =>
      name === 'Kubeconfig'
        ? `Kubeconfig is required unless EKS_CLUSTER is set. Run: ${commandThatSets(name, stage)}`
        : `${name} is required. Run: ${commandThatSets(name, stage)}`,
    );
  return done(textTable([['NAME', 'CHANGED', 'VERSION', 'KEYS'], ...rows]).trimEnd(), ...hints);
}

async function remove(
  given: readonly string[],
  { stage, secrets }: SecretPorts,
): Promise<SecretResult> {
  const [text, ...more] = given;
  const name = secretNamed(text);
  if (more.length > 0 || (name === undefined && text !== '--all'))
    return misused('remove needs the name of one secret, or --all.');
  if (name === undefined && stage === 'production')
    return failed(
      'The secrets of production are protected: --all is for stages that are removed.',
      'Remove each by its name: npm run secret -- remove NAME --stage production',
    );
  const removed = await secrets.remove(name === undefined ? secretNames : [name]);
  const path = secretsPathOf(stage);
  return done(
    ...(removed.length === 0
      ? [`There was nothing to remove below ${path}.`]
      : removed.map((one) => `Removed ${parameterOf(path, one)}.`)),
  );
}
