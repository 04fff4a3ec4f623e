import { parseArgs } from 'node:util';
import type { Command, Flag } from './commands/command.ts';
import { commands, groups, spellings } from './commands/commands.ts';
import { globalFlags } from './commands/flags.ts';
import { CliError } from './context.ts';
import { synopsis } from './help.ts';
import { nearNames } from './near-names.ts';
import { defined } from '../functions/model/defined.ts';

export type Parsed =
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'groupHelp'; readonly group: string }
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
  const known = [...globalFlags, ...commands.flatMap(({ flags }) => flags)];
  const options = Object.fromEntries(
    known.map(({ name, short, value }) => [
      name,
      defined({
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        short,
      }),
    ]),
  );
  // Not strict: the errors are ours, and a flag may come before the command.
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token] : []));
  const has = (name: string) => given.some((token) => token.name === name);

  if (has('version')) return { kind: 'version' };
  const [first] = words;
  if (first === undefined && given.every(({ name }) => name === 'help')) return { kind: 'help' };
  if (first === 'help') return helpFor(words.slice(1));
  if (has('help')) return helpFor(words);
  const { command, length } = commandIn(words) ?? {};
  if (command === undefined) {
    if (words.length === 1 && isGroup(first)) return { kind: 'incomplete', group: first };
    throw unknownCommand(words);
  }

  const flags = new Map(
    given.map(({ name, rawName, value, inlineValue }) =>
      checked(command, { name, rawName, value, inlineValue }),
    ),
  );
  const positionals = words.slice(length);
  const wrong = wrongCount(command, positionals);
  if (wrong !== undefined) throw new CliError(`${wrong}.`, { hint: `Usage: ${synopsis(command)}` });
  return { kind: 'run', command, positionals, flags };
}

function wrongCount(command: Command, given: readonly string[]): string | undefined {
  const needed = command.positionals.filter((name) => !name.startsWith('['));
  if (given.length < needed.length)
    return `Missing argument ${needed.slice(given.length).join(' ')}`;
  const isOpen = command.positionals.some((name) => name.includes('...'));
  if (isOpen || given.length <= command.positionals.length) return undefined;
  return `Unexpected argument "${given[command.positionals.length] ?? ''}"`;
}

function helpFor(words: readonly string[]): Parsed {
  const { command } = commandIn(words) ?? {};
  if (command !== undefined) return { kind: 'help', command };
  const [group] = words;
  return isGroup(group) ? { kind: 'groupHelp', group } : { kind: 'help' };
}

const isGroup = (word: string | undefined): word is string =>
  word !== undefined && groups.includes(word);

type Found = { readonly command: Command /** Words that name it. */; readonly length: number };

/** `list mcpserver` is found before `list`, which means the same command. */
function commandIn(words: readonly string[]): Found | undefined {
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
  const spoken = words.slice(0, 2).join(' ');
  const all = commands.flatMap(spellings);
  const near = nearest(spoken, all) ?? nearest(words[0] ?? '', all);
  if (words.length === 0) return new CliError('No command.', { hint: 'Run: muster --help' });
  if (near !== undefined)
    return new CliError(`Unknown command "${spoken}".`, { hint: `Did you mean: muster ${near}` });
  const [group] = words;
  return new CliError(`Unknown command "${spoken}".`, {
    hint: isGroup(group) ? `Run: muster ${group} --help` : 'Run: muster --help',
  });
}

type Given = {
  readonly name: string;
  readonly rawName: string;
  readonly value: unknown;
  readonly inlineValue: boolean | undefined;
};

function checked(
  command: Command,
  { name, rawName, value, inlineValue }: Given,
): readonly [string, string | true] {
  const flags = [...command.flags, ...globalFlags];
  const flag = flags.find((flag) => flag.name === name);
  if (flag === undefined) {
    const near = nearest(
      name,
      flags.map((flag) => flag.name),
    );
    throw new CliError(`Unknown flag ${rawName} for muster ${command.words.join(' ')}.`, {
      hint:
        near === undefined
          ? `Run: muster ${command.words.join(' ')} --help`
          : `Did you mean: --${near}`,
    });
  }
  if (flag.value === undefined) {
    if (inlineValue === true) throw new CliError(`${rawName} takes no value.`);
    return [name, true];
  }
  if (
    typeof value !== 'string' ||
    value === '' ||
    (value.startsWith('-') && inlineValue !== true)
  ) {
    throw new CliError(`${rawName} needs a value: ${flag.values?.join(', ') ?? flag.value}.`);
  }
  if (flag.values !== undefined && !flag.values.includes(value))
    throw badValue(flag, rawName, value, flag.values);
  const problem = flag.problemOf?.(value);
  if (problem !== undefined) throw new CliError(`${rawName}: ${problem}`);
  return [name, value];
}

function badValue(
  { name }: Flag,
  rawName: string,
  value: string,
  values: readonly string[],
): CliError {
  const near = nearest(value, values);
  const what = name === 'output' ? 'output format' : `value of ${rawName}`;
  return new CliError(
    `Unknown ${what} "${value}" (valid: ${values.join(', ')}).`,
    near === undefined ? {} : { hint: `Did you mean: ${rawName} ${near}` },
  );
}

/** The candidate that a mistyped word probably means; undefined when none is near. */
const nearest = (word: string, candidates: readonly string[]): string | undefined =>
  nearNames(word, candidates)[0];
