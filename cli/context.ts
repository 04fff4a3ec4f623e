/** What a command gets: its arguments, and the world it runs in. */
export type CommandContext = {
  readonly positionals: readonly string[];
  readonly option: (flag: string) => string | undefined;
  readonly has: (flag: string) => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person is at the terminal. */
  readonly isInteractive: () => boolean;
  readonly now: () => Date;
  /** Data, to stdout. */
  readonly print: (text: string) => void;
  /** A message for the person, to stderr; one line. */
  readonly info: (line: string) => void;
};

/** What an exit code means to a script. */
export const exitCodes = {
  done: 0,
  error: 1,
  signInRequired: 2,
  signInFailed: 3,
  notMet: 4,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command: `message` and `hint` are for the person at the terminal, one line each. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: { readonly exitCode?: ExitCode; readonly hint?: string | undefined } = {},
  ) {
    super(message);
    this.exitCode = options.exitCode ?? exitCodes.error;
    this.hint = options.hint;
  }
}
