/** The world of the command: its terminal, its environment, its clock. */
import { isatty } from 'node:tty';
import { limitRequests } from './api/request-timeout.ts';
import { traceTo } from './api/trace.ts';
import { showWaiting } from './api/waiting.ts';
import { CliError, type CommandContext } from './context.ts';
import { watchInterrupts } from './interruption.ts';
import { harmless, isColorOn, painter } from './output/paint.ts';
import { waitingLine } from './output/waiting-line.ts';
import type { Parsed } from './parse.ts';
import { notATimeSpan, timeSpan } from './time-span.ts';

// Each stream is opened where it is used: that takes Node 1 to 3 ms.
const { env: environment } = process;
let isOpen = false;

/** stdout. A reader that closes it early, as `muster list | head -1` does, is not an error. */
export function stdout(): NodeJS.WriteStream {
  if (!isOpen)
    process.stdout.on('error', (error) => {
      if (!('code' in error && error.code === 'EPIPE')) throw error;
    });
  isOpen = true;
  return process.stdout;
}

const waiting = waitingLine(
  {
    isTTY: isatty(2),
    get columns() {
      return process.stderr.columns;
    },
    write: (text) => process.stderr.write(text),
  },
  environment,
  () => interruption.watch(),
);

export const interruption = watchInterrupts(waiting.erase);

const write = (text: string, keepsPaint: boolean): void => {
  waiting.erase();
  stdout().write(harmless(text, keepsPaint));
};

/** Data, to stdout, without colors. */
export const print = (text: string): void => write(text, false);

/** A message, to stderr. */
export const info = (line: string): void => {
  waiting.erase();
  process.stderr.write(`${harmless(withoutTokens(line))}\n`);
};

/** No message of ours holds a token; an error from elsewhere might. */
const withoutTokens = (line: string): string => line.replace(/eyJ[\w-]+\.[\w.-]*/g, '[redacted]');

/**
 * What one command gets, and what its global flags ask for. Throws where MUSTER_TIMEOUT is no time.
 */
export function contextOf({
  command,
  positionals,
  flags,
}: Extract<Parsed, { kind: 'run' }>): CommandContext {
  const option = (flag: string) => {
    const value = flags.get(flag);
    return value === true ? undefined : value;
  };
  const has = (flag: string) => flags.has(flag);
  const isOn = isColorOn({ environment, isTerminal: isatty(1), noColor: has('no-color') });
  const quiet = has('quiet');
  // A command with a --timeout of its own means something else by it.
  const isOwn = command.flags.some(({ name }) => name === 'timeout');
  limitTo((isOwn ? undefined : option('timeout')) ?? environment['MUSTER_TIMEOUT']);
  if (has('debug')) traceTo(info);
  if (!quiet) showWaiting(waiting.waitingOn);
  // While the first request is under way.
  setImmediate(stdout);
  return {
    positionals,
    option,
    has,
    environment,
    isInteractive: () => isatty(0) && isatty(2),
    now: () => new Date(),
    print: (text) => write(text, isOn),
    info: quiet ? () => undefined : info,
    instruct: info,
    quiet,
    ...(isatty(1) ? { terminal: terminalOf() } : {}),
    isRead: () => stdout().writable,
    paint: painter(isOn),
    get interrupted() {
      return interruption.signal();
    },
    waitingFor: quiet ? (_text, promise) => promise : waiting.waitingFor,
  };
}

const terminalOf = (): NonNullable<CommandContext['terminal']> => ({
  // Some terminals report no size.
  get columns() {
    return stdout().columns || 80;
  },
  ...(environment['TERM'] === 'dumb' ? {} : { stream: process.stdout }),
});

function limitTo(time: string | undefined): void {
  if (time === undefined || time === '') return;
  const spanMs = timeSpan(time);
  // The parser has refused such a flag.
  if (spanMs === undefined) throw new CliError(`MUSTER_TIMEOUT: ${notATimeSpan(time) ?? time}`);
  limitRequests(spanMs);
}
