/** One call of a command. */
export type CommandContext = {
  readonly positionals: readonly string[];
  readonly option: (flag: string) => string | undefined;
  readonly has: (flag: string) => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A person with a screen sits before it. */
  readonly isInteractive: () => boolean;
  readonly now: () => Date;
  /** Data, to stdout. */
  readonly print: (text: string) => void;
  /** Words to people, to stderr; one line. */
  readonly info: (line: string) => void;
};
