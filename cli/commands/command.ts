import type { CommandContext, ExitCode } from '../context.ts';

export type Flag = {
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in the help. Absent: it is a switch. */
  readonly value?: string;
  /** The only valid values; the first one is the default. */
  readonly values?: readonly string[];
  /** What completion offers where `values` is not the whole truth: a list with commas. */
  readonly offers?: readonly string[];
  /** What is wrong with a value, as a sentence; undefined when nothing is. */
  readonly problemOf?: (value: string) => string | undefined;
  /** None of the values is the default: without the flag the command does something else. */
  readonly hasNoDefault?: true;
  readonly summary: string;
};

export type Command = {
  readonly words: readonly string[];
  /** Other names for the last word. */
  readonly aliases: readonly string[];
  /** Other words for the whole command: `[['ls'], ['list']]`. The longest match wins. */
  readonly also?: readonly (readonly string[])[];
  /**
   * `NAME`: one. `[NAME]`: one or none. `NAME...`: at least one. `[NAME...]`: any number. Only the
   * last one may be other than one.
   */
  readonly positionals: readonly string[];
  /** The only valid values of its one positional. */
  readonly values?: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Two or three whole command lines, for the help. */
  readonly examples: readonly string[];
  /** Exit codes besides 0 and 1, and what each means here. */
  readonly exits?: readonly (readonly [ExitCode, string])[];
  readonly run: (context: CommandContext) => Promise<ExitCode>;
};
