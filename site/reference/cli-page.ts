import type { Command, Flag } from '../../cli/commands/command.ts';
import { commands, exitCodeSummaries, spellings } from '../../cli/commands/commands.ts';
import { environmentVariables } from '../../cli/commands/environment-variables.ts';
import { globalFlags } from '../../cli/commands/flags.ts';
import { synopsis } from '../../cli/commands/synopsis.ts';
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
    '## Environment variables',
    'An empty variable counts as not set.',
    table(
      ['variable', 'meaning'],
      environmentVariables.map(([name, meaning]) => [code(name), meaning]),
    ),
  );

const section = (command: Command): string => {
  const [, ...others] = spellings(command);
  return page(
    `## muster ${command.words.join(' ')}`,
    command.summary,
    fence('txt', synopsis(command)),
    others.length === 0 ? '' : `Also ${others.map((line) => code(`muster ${line}`)).join(', ')}.`,
    flagTable(command.flags),
    'Examples:',
    fence('sh', command.examples.join('\n')),
    command.exits === undefined
      ? ''
      : `Exit codes besides 0 and 1: ${command.exits.map(([number, what]) => `${String(number)} ${what}`).join(', ')}.`,
  );
};

const flagTable = (flags: readonly Flag[]): string =>
  table(
    ['flag', 'description'],
    flags.map(({ name, short, value, values, summary }) => [
      code(
        `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      ),
      values === undefined
        ? summary
        : `${summary} ${values.map(code).join(', ')}; default ${code(values[0] ?? '')}.`,
    ]),
  );
