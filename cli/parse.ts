import { parseArgs } from 'node:util';
import type { Command, Flag } from './commands/command.ts';
import { commands, groups, spellings, type Topic, topics } from './commands/commands.ts';
import { globalFlags } from './commands/flags.ts';
import { synopsis } from './commands/synopsis.ts';
import { CliError } from './context.ts';
import { nearest } from './nearest.ts';
import { defined } from '../functions/model/defined.ts';

export type Parsed =
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'groupHelp'; readonly group: string }
  | { readonly kind: 'topicHelp'; readonly topic: Topic }
  /** A group without its subcommand. */
  | { readonly kind: 'incomplete'; readonly group: string }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly positionals: readonly string[];
      readonly flags: ReadonlyMap<string, string | true>;
    };

/**
 * Finds the command and its flags. Throws a `CliError` that names the nearest command, flag or the
 * valid values.
 */
export function parse(argv: readonly string[]): Parsed {
  const { words, given } = split(argv, allFlags);
  const has = (name: string) =>
    given.some((token) => token.name === name && token.value !== 'false');
  if (has('version')) return { kind: 'version' };
  const [first = ''] = words;
  if (words.length === 0 && given.every(({ name }) => name === 'help')) return { kind: 'help' };
  if (first === 'help') return helpFor(words.slice(1));
  if (has('help')) return helpFor(words);
  const found = commandIn(words);
  if (found === undefined) {
    const unknown = given.find(({ name }) => !allFlags.some((flag) => flag.name === name));
    if (unknown !== undefined) throw unknownFlag(unknown, allFlags, isGroup(first) ? [first] : []);
    if (words.length === 1 && isGroup(first)) return { kind: 'incomplete', group: first };
    throw unknownCommand(words);
  }

  // Again with the flags of this command alone: one name or letter may mean two things in two.
  const { command, length } = found;
  const own = split(argv, flagsOf(command));
  const flags = chosen(command, own.given);
  const positionals = own.words.slice(length);
  const wrong = wrongCount(command, positionals) ?? wrongValue(command, positionals);
  if (wrong !== undefined) throw new CliError(`${wrong}.`, { hint: `Usage: ${synopsis(command)}` });
  return { kind: 'run', command, positionals, flags };
}

export const allFlags: readonly Flag[] = [
  ...globalFlags,
  ...commands.flatMap(({ flags }) => flags),
];

/** A flag of the command comes before a global one with the same name. */
export const flagsOf = ({ flags }: Command): readonly Flag[] => [
  ...flags,
  ...globalFlags.filter(({ name }) => !flags.some((own) => own.name === name)),
];

type Given = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

/** The words and the flags of a command line, whatever they mean. */
export function split(
  argv: readonly string[],
  flags: readonly Flag[],
): { readonly words: readonly string[]; readonly given: readonly Given[] } {
  const options = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      defined({
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        short,
      }),
    ]),
  );
  // Not strict: the errors are ours, and a flag may come before the command.
  const { tokens } = parseArgs({
    args: withLongNames(argv, flags),
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return {
    words: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
    given: tokens.flatMap((token) => (token.kind === 'option' ? [token] : [])),
  };
}

/** `-n=team` as `--namespace=team`: `parseArgs` would take `=team` as the value. */
function withLongNames(argv: readonly string[], flags: readonly Flag[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, index) => {
    const [, letter, value] = /^-([^-=])=(.*)$/s.exec(word) ?? [];
    const long = flags.find(({ short }) => short !== undefined && short === letter)?.name;
    const isArgument = end !== -1 && index > end;
    return long === undefined || isArgument ? word : `--${long}=${value ?? ''}`;
  });
}

function wrongCount(command: Command, given: readonly string[]): string | undefined {
  const needed = command.positionals.filter((name) => !name.startsWith('['));
  if (given.length < needed.length)
    return `Missing argument ${needed.slice(given.length).join(' ').replace('...', '')}`;
  const isOpen = command.positionals.some((name) => name.includes('...'));
  if (isOpen || given.length <= command.positionals.length) return undefined;
  return `Unexpected argument "${given[command.positionals.length] ?? ''}"`;
}

function wrongValue(
  { positionals, values }: Command,
  [given = '']: readonly string[],
): string | undefined {
  if (values === undefined || values.includes(given)) return undefined;
  return `Unknown ${positionals[0] ?? ''} "${given}" (valid: ${values.join(', ')})`;
}

function helpFor(words: readonly string[]): Parsed {
  const found = commandIn(words);
  if (found !== undefined) return { kind: 'help', command: found.command };
  const [first = ''] = words;
  if (words.length === 0) return { kind: 'help' };
  if (words.length > 1) throw unknownCommand(words);
  if (isGroup(first)) return { kind: 'groupHelp', group: first };
  const topic = topics.find((one) => one === first);
  if (topic !== undefined) return { kind: 'topicHelp', topic };
  const near = nearest(first, [...topics, ...groups]);
  throw near === undefined
    ? unknownCommand(words)
    : new CliError(`There is no help for "${first}".`, {
        hint: `Did you mean: muster help ${near}`,
      });
}

const isGroup = (word: string): boolean => groups.includes(word);

type Found = {
  readonly command: Command;
  /** How many words name it. */
  readonly length: number;
};

/** The command that the first words name. `list mcpserver` is found before `list`. */
export function commandIn(words: readonly string[]): Found | undefined {
  for (let length = words.length; length > 0; length -= 1) {
    const spoken = words.slice(0, length).join(' ');
    const command = commands.find((one) => spellings(one).includes(spoken));
    // `list mcpsrver` is a typo, and no argument of `list`.
    if (command !== undefined)
      return length < words.length && isGroup(spoken) ? undefined : { command, length };
  }
  return undefined;
}

function unknownCommand(words: readonly string[]): CliError {
  const [first = '', second = ''] = words;
  if (words.length === 0) return new CliError('No command.', { hint: 'Run: muster --help' });
  const spoken = words.slice(0, 2).join(' ');
  const meant = probably(first, second);
  return new CliError(`Unknown command "${spoken}".`, {
    hint:
      meant === undefined
        ? `Run: muster ${isGroup(first) ? `${first} ` : ''}--help`
        : `Did you mean: muster ${meant}`,
  });
}

/** What is mistyped, typed in the other order (`mcpserver list`), or left out (`login`). */
function probably(first: string, second: string): string | undefined {
  const all = commands.flatMap(spellings);
  const turned = `${second} ${first}`.trim();
  const whole = `${first} ${second}`.trim();
  return (
    all.find((spelling) => spelling === turned) ??
    nearest(whole, all) ??
    nearest(turned, all) ??
    all.find((spelling) => spelling.split(' ').at(-1) === first) ??
    nearest(first, all)
  );
}

function unknownFlag(
  { name, rawName }: Given,
  flags: readonly Flag[],
  words: readonly string[],
): CliError {
  const near = nearest(
    name,
    flags.map((flag) => flag.name),
  );
  const spoken = ['muster', ...words].join(' ');
  return new CliError(`Unknown flag ${rawName}${words.length === 0 ? '' : ` for ${spoken}`}.`, {
    hint: near === undefined ? `Run: ${spoken} --help` : `Did you mean: --${near}`,
  });
}

function chosen(command: Command, given: readonly Given[]): ReadonlyMap<string, string | true> {
  const values = new Map<string, string | true>();
  const flags = flagsOf(command);
  for (const token of given) {
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw unknownFlag(token, flags, command.words);
    if (flag.value !== undefined) values.set(flag.name, valueOf(flag, token));
    else if (isOn(token)) values.set(flag.name, true);
    else values.delete(flag.name);
  }
  return values;
}

function isOn({ rawName, value }: Given): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw new CliError(`${rawName} is a switch: it takes true, false or no value.`);
}

function valueOf(flag: Flag, { rawName, value, inlineValue }: Given): string {
  const { values, problemOf } = flag;
  if (value === undefined || value === '' || (value.startsWith('-') && inlineValue !== true))
    throw new CliError(`${rawName} needs a value: ${values?.join(', ') ?? flag.value ?? ''}.`);
  if (values !== undefined && !values.includes(value)) throw badValue(flag, rawName, value, values);
  const problem = problemOf?.(value);
  if (problem !== undefined) throw new CliError(`${rawName}: ${problem}`);
  return value;
}

function badValue(
  { name }: Flag,
  rawName: string,
  value: string,
  values: readonly string[],
): CliError {
  const what = name === 'output' ? 'output format' : `value of ${rawName}`;
  const near = nearest(value, values);
  const hint =
    near !== undefined
      ? `Did you mean: ${rawName} ${near}`
      : /^(jsonpath|custom-columns|go-template|template)\b/.test(value)
        ? 'Use -o json and a program such as jq.'
        : undefined;
  return new CliError(`Unknown ${what} "${value}" (valid: ${values.join(', ')}).`, { hint });
}
