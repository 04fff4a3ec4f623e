import type { Command, Flag } from '../../cli/commands/command.ts';
import { commands, exitCodeSummaries } from '../../cli/commands/commands.ts';
import { globalFlags } from '../../cli/commands/flags.ts';
import { synopsis } from '../../cli/help.ts';
import { code, fence, page, table } from './markdown-pieces.ts';

/** The command line, from the table that its parser and its help are made of. */
export const cli = (): string =>
  page(
    '# Command line',
    'Every command of `muster`, with its flags and exit codes. Data goes to stdout and messages to stderr, so output can be piped.',
    ...commands.map(section),
    '## Global flags',
    flagTable(globalFlags),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      exitCodeSummaries.map(([number, summary]) => [String(number), summary]),
    ),
  );

const section = (command: Command): string =>
  page(
    `## muster ${command.words.join(' ')}`,
    command.summary,
    fence('txt', synopsis(command)),
    command.aliases.length === 0
      ? ''
      : `Also ${command.aliases.map((alias) => code(`muster ${[...command.words.slice(0, -1), alias].join(' ')}`)).join(', ')}.`,
    flagTable(command.flags),
  );

const flagTable = (flags: readonly Flag[]): string =>
  table(
    ['flag', 'description'],
    flags.map(({ name, short, value, values, hasNoDefault, summary }) => [
      code(
        `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      ),
      values === undefined
        ? summary
        : `${summary} ${values.map(code).join(', ')}${hasNoDefault === true ? '' : `; default ${code(values[0] ?? '')}`}.`,
    ]),
  );
