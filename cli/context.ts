import type { Paint } from './output/paint.ts';
import type { ScreenStream } from './output/screen.ts';

/** What a command gets: its arguments, and the world it runs in. */
export type CommandContext = {
  readonly positionals: readonly string[];
  readonly option: (flag: string) => string | undefined;
  readonly has: (flag: string) => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person is at the terminal. */
  readonly isInteractive: () => boolean;
  readonly now: () => Date;
  /** Data, to stdout. Nothing in it controls a terminal but what `paint` makes. */
  readonly print: (text: string) => void;
  /** A message for the person, to stderr; one line. Nothing with `--quiet`. */
  readonly info: (line: string) => void;
  /** What the person has to do or to read now, also with `--quiet`: an address, a code. */
  readonly instruct: (line: string) => void;
  /** Only errors, instructions and data are printed. `info` sees to it. */
  readonly quiet: boolean;
  /** Absent: stdout is no terminal. The width is the present one: a window may change it. */
  readonly terminal?: {
    readonly columns: number;
    /** For `openScreen`. Absent: it can only print (TERM=dumb). */
    readonly stream?: ScreenStream;
  };
  /** False once the reader of stdout has closed it, as `head` does. */
  readonly isRead: () => boolean;
  /** For `print`: the text in its style, or as it is where colors are off. Pad it before. */
  readonly paint: Paint;
  /**
   * Whoever reads it takes over Ctrl-C: the first one aborts this signal, the second one ends the
   * process. Return `exitCodes.interrupted` then, or let its AbortError through; another exit code
   * is kept as it is. Without it Ctrl-C ends the process at once.
   */
  readonly interrupted: AbortSignal;
  /** The promise; after 300 ms a terminal shows `text` in one line that is erased at the end. */
  readonly waitingFor: <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;
};

/** What an exit code means to a script. */
export const exitCodes = {
  done: 0,
  error: 1,
  signInRequired: 2,
  signInFailed: 3,
  notMet: 4,
  /** Ctrl-C: what a shell reports of a process that ended by SIGINT. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command: `message` and `hint` are for the person at the terminal, one line each. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  /** Address of the page about it. */
  readonly page: string | undefined;

  constructor(
    message: string,
    options: {
      readonly exitCode?: ExitCode;
      readonly hint?: string | undefined;
      readonly page?: string | undefined;
    } = {},
  ) {
    super(message);
    this.exitCode = options.exitCode ?? exitCodes.error;
    this.hint = options.hint;
    this.page = options.page;
  }
}
