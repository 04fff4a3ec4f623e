/** One call of a command. */
export type Call = {
  readonly operands: readonly string[];
  readonly text: (flag: string) => string | undefined;
  readonly isSet: (flag: string) => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A person with a screen sits before it. */
  readonly isInteractive: () => boolean;
  readonly now: () => Date;
  /** Data, to stdout. */
  readonly print: (text: string) => void;
  /** Words to people, to stderr; one line. */
  readonly tell: (line: string) => void;
};
