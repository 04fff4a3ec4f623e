import { harmless } from './paint.ts';

export type ScreenSize = { readonly columns: number; readonly rows: number };

/** Lines for a screen of this size: no more than it has rows. */
export type Frame = (size: ScreenSize) => readonly string[];

/** The whole terminal, until it is closed. */
export type Screen = {
  /** Draws in place of the frame before, without a flicker; again when the window changes. */
  readonly show: (frame: Frame) => void;
  /** Gives the terminal back as it was. Closing twice is fine. */
  readonly close: () => void;
};

/** What it needs of a `tty.WriteStream`. */
export type ScreenStream = {
  readonly columns: number;
  readonly rows: number;
  readonly write: (text: string) => unknown;
  readonly on: (event: 'resize', listener: () => void) => unknown;
  readonly off: (event: 'resize', listener: () => void) => unknown;
};

// xterm, "Control Sequences": the alternate screen (1049) and no line wrap (7), because the terminal
// knows best how wide a text is.
const enter = '\u001B[?1049h\u001B[?7l';
const leave = '\u001B[?7h\u001B[?1049l';
const home = '\u001B[H';
const eraseLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/**
 * Takes over the terminal. Whatever ends the process gives it back, except SIGKILL. Nothing in a
 * frame controls the terminal but what `paint` makes.
 */
export function openScreen(terminal: ScreenStream, isColorOn: boolean): Screen {
  let frame: Frame = () => [];
  const draw = (): void => {
    const rows = terminal.rows || 24;
    const lines = frame({ columns: terminal.columns || 80, rows }).slice(0, rows);
    // Erased before, not after: at the end of a full line the cursor is still on its last cell.
    const text = lines.map((line) => `${eraseLine}${harmless(line, isColorOn)}`).join('\r\n');
    terminal.write(`${home}${text}${eraseBelow}`);
  };
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    terminal.off('resize', draw);
    process.off('exit', close);
    process.off('SIGCONT', draw);
    for (const signal of signals) process.off(signal, end);
    terminal.write(leave);
  };
  const end = (signal: NodeJS.Signals): void => {
    close();
    process.kill(process.pid, signal);
  };
  terminal.write(enter);
  terminal.on('resize', draw);
  process.on('exit', close);
  process.on('SIGCONT', draw);
  for (const signal of signals) process.on(signal, end);
  return {
    show: (next) => {
      frame = next;
      draw();
    },
    close,
  };
}

const signals = ['SIGTERM', 'SIGHUP'] as const;
