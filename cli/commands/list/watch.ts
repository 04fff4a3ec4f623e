import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../../functions/model/defined.ts';
import widthOf from 'fast-string-width';
import { connect } from '../../auth/connect.ts';
import { notSignedIn } from '../../auth/not-signed-in.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { answerMemory } from '../../api/answer-memory.ts';
import { listServers, type Servers } from '../../api/mcpservers.ts';
import { openScreen } from '../../output/screen.ts';
import { isStructured } from '../../output/yaml.ts';
import { matches, selectedRows } from './list-filter.ts';
import { listNotes } from './list-notes.ts';
import { listOptions } from './list-options.ts';
import { listText } from './list-text.ts';
import { type Look, watchList, type WatchView } from './watch-list.ts';
import { lineView, nameView, screenView, type ViewOptions, valueView } from './watch-views.ts';

/** `muster list mcpserver --watch`: until Ctrl-C, or until nobody reads the output. */
export async function watch(context: CommandContext): Promise<ExitCode> {
  const options = listOptions(context);
  const { endpoint, tokens } = await connect(context);
  if (options.needsPerson && tokens === undefined) throw await notSignedIn(endpoint, context);
  const { interrupted, terminal, print, info, now, paint } = context;
  const stopped = new Promise<never>((_, reject) => {
    interrupted.addEventListener('abort', () => reject(interrupted.reason));
  });
  // It rejects also while nothing waits for it.
  stopped.catch(() => undefined);
  const pinned = pinnedTo(endpoint, context);
  const memory = answerMemory<Servers>();
  const look = async (): Promise<Look> => {
    const connection = await connect(pinned);
    const servers = await listServers(connection, {
      namespace: context.option('namespace'),
      labelSelector: context.option('selector'),
      withConditions: options.withConditions,
      memory,
    });
    return { ...servers, signedIn: connection.tokens !== undefined };
  };
  const chosen = ({ rows }: Look) => selectedRows(rows, options).slice(0, options.limit);
  const drawn = (shown: Look, width?: number): string => {
    const rows = chosen(shown);
    if (rows.length === 0) return width === undefined ? '' : 'No MCPServers found\n';
    const { columns } = options;
    return listText(context, rows, { columns, signedIn: shown.signedIn, widthOf, width });
  };
  const format = context.option('output');
  const showsTimes = format === 'wide' || options.columns !== undefined;
  const textOf = showsTimes ? drawn : onceFor(drawn);
  const viewOptions: ViewOptions = {
    print,
    info,
    now,
    paint,
    matches: (row) => matches(options.filter, row),
    textOf,
    notesOf: (shown) => listNotes(shown, now()),
  };
  const screen =
    terminal?.stream === undefined || isStructured(format) || format === 'name'
      ? undefined
      : openScreen(terminal.stream, paint('bold', '-') !== '-');
  let last: Look | undefined;
  try {
    await watchList({
      look: async () => (last = await Promise.race([look(), stopped])),
      wait: (ms) => sleep(ms, undefined, { signal: interrupted }),
      isRead: context.isRead,
      view: screen === undefined ? viewFor(format, viewOptions) : screenView(viewOptions, screen),
      intervalMs: options.intervalMs,
    });
    return exitCodes.done;
  } finally {
    screen?.close();
    // What was on the screen last stays.
    if (screen !== undefined && last !== undefined) print(textOf(last));
  }
}

/** The text of rows that have not changed, in a window that has not, is the one of before. */
function onceFor(drawn: ViewOptions['textOf']): ViewOptions['textOf'] {
  let last:
    | { readonly rows: Look['rows']; readonly width?: number; readonly text: string }
    | undefined;
  return (shown, width) => {
    const { rows } = shown;
    if (last?.rows !== rows || last.width !== width)
      last = defined({ rows, width, text: drawn(shown, width) });
    return last.text;
  };
}

function viewFor(format: string | undefined, options: ViewOptions): WatchView {
  if (isStructured(format)) return valueView(options, format);
  return format === 'name' ? nameView(options) : lineView(options);
}

/** A watch stays with its endpoint, whatever becomes the current context. It warns once. */
function pinnedTo(endpoint: string, context: CommandContext): CommandContext {
  const printed = new Set<string>();
  return {
    ...context,
    option: (flag) => {
      if (flag === 'endpoint') return endpoint;
      return flag === 'context' ? undefined : context.option(flag);
    },
    info: (line) => {
      if (!printed.has(line)) context.info(line);
      printed.add(line);
    },
  };
}
