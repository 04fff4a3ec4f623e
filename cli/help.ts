import type { Command, Flag } from './commands/command.ts';
import { commands, exitCodeSummaries, spellings } from './commands/commands.ts';
import { globalFlags } from './commands/flags.ts';

/** The help of one command, or of all of them. */
export function help(command?: Command): string {
  return command === undefined ? overview() : page(command);
}

/** The help of a group: its subcommands, a line each. */
export const groupHelp = (group: string): string => `Usage: muster ${group} SUBCOMMAND

Subcommands:
${columns(commands.filter(({ words }) => words[0] === group).map(commandLine))}
Run muster ${group} SUBCOMMAND --help for the flags of one subcommand.
`;

const overview =
  (): string => `muster shows whether every MCP server can be reached (STATE), and whether you are signed in to it
(SESSION).

Commands:
${columns(commands.map(commandLine))}
Flags of every command:
${columns(globalFlags.map(flagLine))}
Exit codes:
${columns(exitCodeSummaries.map(([code, summary]) => [String(code), summary]))}
Run muster COMMAND --help for the flags of one command.
`;

const page = (command: Command): string => {
  const { summary, flags } = command;
  const [, ...others] = spellings(command);
  return `${summary}

Usage: ${synopsis(command)}
${others.length === 0 ? '' : `Also:  ${others.map((line) => `muster ${line}`).join(', ')}\n`}
Flags:
${columns([...flags, ...globalFlags].map(flagLine))}${examplesOf(command)}`;
};

const examplesOf = ({ examples = [] }: Command): string =>
  examples.length === 0 ? '' : `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}`;

/** The command on one line: `muster get mcpserver NAME [-n NAMESPACE] [-o FORMAT]`. */
export const synopsis = ({ words, positionals, flags }: Command): string =>
  [
    'muster',
    ...words,
    ...positionals,
    ...flags.map(
      ({ name, short, value }) =>
        `[${short === undefined ? `--${name}` : `-${short}`}${value === undefined ? '' : ` ${value}`}]`,
    ),
  ].join(' ');

const commandLine = ({ words, positionals, summary }: Command): readonly [string, string] => [
  `muster ${[...words, ...positionals].join(' ')}`,
  firstSentence(summary),
];

const flagLine = ({
  name,
  short,
  value,
  values,
  hasNoDefault,
  summary,
}: Flag): readonly [string, string] => [
  `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
  values === undefined
    ? summary
    : `${summary} One of: ${values.join(', ')}.${hasNoDefault === true ? '' : ` Default: ${values[0] ?? ''}.`}`,
];

const firstSentence = (text: string): string => /^.*?[.?](?= |$)/.exec(text)?.[0] ?? text;

function columns(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}   ${right}\n`).join('');
}
