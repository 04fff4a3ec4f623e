/** A real terminal for a child process, and a person in front of it. */
import { type IPty, spawn } from '@lydell/node-pty';
import { constants } from 'node:os';
import { expose } from '../world/leaks.ts';

export type TerminalOptions = {
  readonly environment: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
};

export type Terminal = {
  /** Everything that was written so far, with its control sequences. */
  readonly written: () => string;
  /** What a person sees: the lines, without spaces at their end. */
  readonly screen: () => string;
  /** Resolves when what `see` gives holds the text; rejects when the process ends before. */
  readonly until: (text: string | RegExp, see?: () => string) => Promise<void>;
  readonly type: (text: string) => void;
  readonly resize: (columns: number) => void;
  /** The exit code as a shell reports it. */
  readonly ended: Promise<number>;
  /** Ends what still runs. */
  readonly close: () => Promise<void>;
};

/** Far more than anything here takes; a test that waits for the wrong text should say so. */
const longestWaitMs = 10_000;

export const ctrlC = '\u0003';

export function openTerminal(
  file: string,
  args: readonly string[],
  { environment, columns = 80, rows = 40 }: TerminalOptions,
): Terminal {
  const child: IPty = spawn(file, [...args], {
    name: environment['TERM'] ?? 'xterm-256color',
    cols: columns,
    rows,
    env: environment,
  });
  let written = '';
  let isOver = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watch of watchers) watch();
  };
  child.onData((text) => {
    written += text;
    notify();
  });
  const ended = new Promise<number>((resolve) =>
    child.onExit(({ exitCode, signal }) => {
      isOver = true;
      expose(`${file} ${args.join(' ')} in a terminal`, written);
      notify();
      resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal);
    }),
  );
  const screen = () => screenOf(written);
  return {
    written: () => written,
    screen,
    until: (wanted, see = screen) =>
      new Promise((resolve, reject) => {
        const fail = (how: string) =>
          reject(new Error(`${how} without ${JSON.stringify(String(wanted))}:\n${see()}`));
        const timer = setTimeout(() => fail('10 s are over'), longestWaitMs);
        const watch = () => {
          const text = see();
          if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) resolve();
          else if (isOver) fail('It ended');
          else return;
          watchers.delete(watch);
          clearTimeout(timer);
        };
        watchers.add(watch);
        watch();
      }),
    type: (text) => child.write(text),
    resize: (columns) => child.resize(columns, rows),
    ended,
    close: async () => {
      if (!isOver) process.kill(child.pid, constants.signals.SIGKILL);
      await ended;
    },
  };
}

/**
 * Control sequences (ECMA-48), titles of windows, modes of the keypad, one that has not arrived as
 * a whole, and every other character.
 */
const sequences = new RegExp(
  [
    String.raw`\x1B\[([?>=]?)([\d;]*)([ -/]*[@-~])`,
    String.raw`\x1B\][^\x07\x1B]*(?:\x07|\x1B\\)`,
    String.raw`\x1B[=>()][0B]?`,
    String.raw`\x1B\[?[?\d;]*$`,
    '[^]',
  ].join('|'),
  'gu',
);

/**
 * What the control sequences that we know leave on a screen of unlimited height. Throws on a
 * sequence that it does not know, so that none goes unnoticed.
 */
export function screenOf(written: string): string {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const lineAt = (index: number): string[] => {
    while (lines.length <= index) lines.push([]);
    return lines[index] ?? [];
  };
  for (const [piece, mark, parameters, final] of written.matchAll(sequences)) {
    const [count = 0] = (parameters ?? '').split(';').map(Number);
    if (final !== undefined) {
      if (mark !== '' || final === 'm' || final === 'l' || final === 'h') continue;
      if (final === 'A') row = Math.max(0, row - (count || 1));
      else if (final === 'B') row += count || 1;
      else if (final === 'C') column += count || 1;
      else if (final === 'D') column = Math.max(0, column - (count || 1));
      else if (final === 'G') column = (count || 1) - 1;
      else if (final === 'K') {
        if (count === 2) lineAt(row).length = 0;
        else lineAt(row).splice(column);
      } else if (final === 'J') {
        if (count === 2 || count === 3) lines.length = 0;
        else {
          lineAt(row).splice(column);
          lines.splice(row + 1);
        }
      } else if (final === 'H') {
        const [line = 1, at = 1] = (parameters ?? '').split(';').map((one) => Number(one) || 1);
        [row, column] = [line - 1, at - 1];
      } else if (final === 'P') lineAt(row).splice(column, count || 1);
      else throw new Error(`An unknown control sequence: ${JSON.stringify(piece)}`);
    } else if (piece === '\r') column = 0;
    else if (piece === '\n') {
      row += 1;
      lineAt(row);
    } else if (piece === '\b') column = Math.max(0, column - 1);
    else if (piece >= ' ' && !piece.startsWith('\u001B')) {
      const line = lineAt(row);
      while (line.length < column) line.push(' ');
      line[column] = piece;
      column += 1;
    }
  }
  return lines.map((line) => line.join('').trimEnd()).join('\n');
}
