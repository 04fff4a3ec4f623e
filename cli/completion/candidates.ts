import type { Command, Flag } from '../commands/command.ts';
import { commands, topics } from '../commands/commands.ts';
import { firstSentence } from '../commands/synopsis.ts';
import { allFlags, commandIn, flagsOf, split } from '../parse.ts';

export type Candidate = {
  /** The whole word, as it stands on the command line. */
  readonly text: string;
  /** What zsh, fish and PowerShell show beside it. */
  readonly about?: string;
};

/** What a word may become: something that the tables hold, or a name that has to be looked up. */
export type Completion =
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  | {
      readonly kind: 'servers' | 'namespaces' | 'contexts';
      /** Begins each candidate: `--server=` where the word began with it. */
      readonly before: string;
      /** Names that are there already. */
      readonly given: readonly string[];
      /** The value of a flag that was typed before the word. */
      readonly option: (flag: string) => string | undefined;
    };

/** What may stand in the place of `word`, after the finished words of a command line. */
export function completionOf(finished: readonly string[], word: string): Completion {
  const { words, given } = split(finished, allFlags);
  const found = commandIn(words);
  const flags = found === undefined ? allFlags : flagsOf(found.command);
  const named = (name: string) => flags.find((flag) => flag.name === name);
  const option = (name: string) => given.findLast((token) => token.name === name)?.value;
  const last = given.at(-1);
  const open =
    last?.value === undefined && isFlag(finished.at(-1)) ? named(last?.name ?? '') : undefined;
  if (open?.value !== undefined) return valuesOf(open, word, '', option);
  const areFlagsOver = finished.includes('--');
  const [, name, before = ''] = /^(?=--([\w-]+)=)(--[\w-]+=)/.exec(word) ?? [];
  const inline = areFlagsOver || name === undefined ? undefined : named(name);
  if (inline !== undefined) return valuesOf(inline, word, before, option);
  if (word.startsWith('-') && !areFlagsOver) {
    const isThere = (flag: Flag) => given.some((token) => token.name === flag.name);
    return {
      kind: 'candidates',
      candidates: flags
        .filter((flag) => !isThere(flag))
        .map(({ name, summary }) => ({ text: `--${name}`, about: firstSentence(summary) })),
    };
  }
  const argument =
    found === undefined ? undefined : argumentOf(found.command, words.slice(found.length));
  if (argument !== undefined) return argument(option);
  return { kind: 'candidates', candidates: nextWords(words) };
}

const isFlag = (word: string | undefined): boolean => word?.startsWith('-') === true;

type Option = (flag: string) => string | undefined;

function valuesOf(flag: Flag, word: string, before: string, option: Option): Completion {
  const { values, offers } = flag;
  if (values !== undefined)
    return { kind: 'candidates', candidates: values.map((value) => ({ text: before + value })) };
  if (offers !== undefined) {
    // The values before the last comma are there already.
    const typed = word.slice(before.length, word.lastIndexOf(',') + 1);
    const rest = offers.filter((value) => !typed.split(',').includes(value));
    return {
      kind: 'candidates',
      candidates: rest.map((value) => ({ text: before + typed + value })),
    };
  }
  const kind = lookedUp.get(flag.name);
  return kind === undefined
    ? { kind: 'candidates', candidates: [] }
    : { kind, before, given: [], option };
}

const lookedUp: ReadonlyMap<string, 'servers' | 'namespaces' | 'contexts'> = new Map([
  ['server', 'servers'],
  ['namespace', 'namespaces'],
  ['context', 'contexts'],
]);

/** What the next argument of a command is; undefined where it takes no more. */
function argumentOf(
  { words, positionals, values }: Command,
  given: readonly string[],
): ((option: Option) => Completion) | undefined {
  const isOpen = positionals.some((name) => name.includes('...'));
  const next = positionals[given.length] ?? (isOpen ? positionals.at(-1) : undefined);
  if (next === undefined) return undefined;
  if (values !== undefined)
    return () => ({ kind: 'candidates', candidates: values.map((text) => ({ text })) });
  if (!next.includes('NAME') || words.at(-1) === 'add') return undefined;
  const kind = words[0] === 'context' ? 'contexts' : 'servers';
  return (option) => ({ kind, before: '', given, option });
}

/** The words that lead on to a command. Other names of commands would only fill the screen. */
function nextWords(words: readonly string[]): readonly Candidate[] {
  const isHelp = words[0] === 'help';
  const spoken = isHelp ? words.slice(1) : words;
  const next = new Map<string, Candidate>();
  for (const command of commands) {
    const text = command.words[spoken.length];
    if (text === undefined || !spoken.every((word, index) => word === command.words[index]))
      continue;
    const isWhole = command.words.length === spoken.length + 1;
    if (!next.has(text))
      next.set(text, isWhole ? { text, about: firstSentence(command.summary) } : { text });
  }
  if (spoken.length > 0) return [...next.values()];
  return [...next.values(), ...(isHelp ? topics.map((text) => ({ text })) : [{ text: 'help' }])];
}
