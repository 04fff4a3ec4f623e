/** How a list that goes on is shown. */
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import type { CliError, CommandContext } from '../../context.ts';
import type { Screen } from '../../output/screen.ts';
import { clockTime } from '../../output/local-time.ts';
import { sessionStyle, stateStyle } from '../../output/status-styles.ts';
import { counted } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';
import { jsonLine, yaml } from '../../output/yaml.ts';
import { type RowChange, rowChanges } from './row-changes.ts';
import type { Look, WatchView } from './watch-list.ts';

export type ViewOptions = Pick<CommandContext, 'print' | 'info' | 'now' | 'paint'> & {
  /** Whether a row is in the list that was asked for. */
  readonly matches: (row: Row) => boolean;
  /** The list as text; in so many columns where that matters. */
  readonly textOf: (look: Look, width?: number) => string;
  /** Warnings about a look, a line each. */
  readonly notesOf: (look: Look) => readonly string[];
};

/** The list, then a line for each change: for a pipe, a log, and a terminal that cannot redraw. */
export function lineView(options: ViewOptions): WatchView {
  const { print, matches, textOf, paint, now } = options;
  const notes = notesOnce(options);
  let width = 0;
  return {
    first: (look) => {
      print(textOf(look));
      notes(look);
    },
    next: (look, before) => {
      const changes = rowChanges(before.rows, look.rows, matches);
      width = changes.reduce((most, { name }) => Math.max(most, name.length), width);
      print(changes.map((change) => `${changeText(change, now(), width, paint)}\n`).join(''));
      notes(look);
    },
    ...connectionLines(options),
  };
}

/** One value for each row at the start, and for each change: `{"time","type","row"}`. */
export function valueView(options: ViewOptions, format: 'json' | 'yaml'): WatchView {
  const { print, matches, now } = options;
  const notes = notesOnce(options);
  const write = (type: RowChange['type'] | 'listed', row: Row): void => {
    const value = { time: now().toISOString(), type, row };
    print(format === 'json' ? jsonLine(value) : `---\n${yaml(value)}`);
  };
  return {
    first: (look) => {
      for (const row of look.rows) if (matches(row)) write('listed', row);
      notes(look);
    },
    next: (look, before) => {
      for (const { type, row } of rowChanges(before.rows, look.rows, matches)) write(type, row);
      notes(look);
    },
    ...connectionLines(options),
  };
}

/** The names at the start, then that of each server that changes. */
export function nameView(options: ViewOptions): WatchView {
  const { print, matches, textOf } = options;
  const notes = notesOnce(options);
  return {
    first: (look) => {
      print(textOf(look));
      notes(look);
    },
    next: (look, before) => {
      const changes = rowChanges(before.rows, look.rows, matches);
      print(changes.map(({ name }) => `${cellText(name)}\n`).join(''));
      notes(look);
    },
    ...connectionLines(options),
  };
}

/** The present list in place of the one before, the last changes below it. */
export function screenView(
  { matches, textOf, notesOf, paint, now }: ViewOptions,
  screen: Screen,
): WatchView {
  let shown: Look | undefined;
  let problem: string | undefined;
  let changes: readonly string[] = [];
  const draw = (): void => {
    const look = shown;
    if (look === undefined) return;
    const time = clockTime(now());
    screen.show(({ columns, rows }) => {
      const status = problem ?? `Updated ${time}. Ctrl-C ends it.`;
      const foot = ['', ...notesOf(look).slice(0, 2), ...changes.slice(-3), status];
      const lines = textOf(look, columns).trimEnd().split('\n');
      const room = Math.max(2, rows - foot.length);
      return [...(lines.length > room ? cutLines(lines, room) : lines), ...foot];
    });
  };
  return {
    first: (look) => {
      shown = look;
      draw();
    },
    next: (look, before) => {
      shown = look;
      const found = rowChanges(before.rows, look.rows, matches);
      const width = found.reduce((most, { name }) => Math.max(most, name.length), 0);
      const lines = found.map((change) => changeText(change, now(), width, paint));
      changes = [...changes, ...lines].slice(-3);
      draw();
    },
    lost: (error) => {
      problem = paint('warn', lostText(error, now()));
      draw();
    },
    back: () => {
      problem = undefined;
    },
  };
}

const cutLines = (lines: readonly string[], room: number): readonly string[] => [
  ...lines.slice(0, room - 1),
  `... ${counted(lines.length - room + 1, 'more line')}. Fewer with -n, --state or --needs.`,
];

/** `14:05:40   server-c   Failed -> Connected` */
function changeText(
  { name, row, text, type }: RowChange,
  now: Date,
  width: number,
  paint: ViewOptions['paint'],
): string {
  const style = type === 'removed' ? 'dim' : (stateStyle(row) ?? sessionStyle(row) ?? 'dim');
  return `${clockTime(now)}   ${cellText(name).padEnd(width)}   ${paint(style, cellText(text))}`;
}

const lostText = ({ message }: CliError, now: Date): string =>
  `${clockTime(now)}   Not up to date: ${cellText(message)} Trying again.`;

const connectionLines = ({ info, now }: ViewOptions): Pick<WatchView, 'lost' | 'back'> => ({
  lost: (error) => info(lostText(error, now())),
  back: () => info(`${clockTime(now())}   Up to date again.`),
});

/** Each warning when it is new. */
function notesOnce({ notesOf, info }: ViewOptions): (look: Look) => void {
  let known: readonly string[] = [];
  return (look) => {
    const notes = notesOf(look);
    for (const note of notes) if (!known.includes(note)) info(note);
    known = notes;
  };
}
