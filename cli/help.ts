import {
  type Command,
  commands,
  exitCodeSummaries,
  type Flag,
  globalFlags,
} from './commands/commands.ts';

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
  (): string => `muster tells two things about every MCP server: can it be reached, and am I signed in to it?

Commands:
${columns(commands.map(commandLine))}
Flags of every command:
${columns(globalFlags.map(flagLine))}
Exit codes:
${columns(exitCodeSummaries.map(([code, summary]) => [String(code), summary]))}
Run muster COMMAND --help for the flags of one command.
`;

const page = (command: Command): string => {
  const { summary, words, aliases, flags } = command;
  return `${summary}

Usage: ${synopsis(command)}
${aliases.length === 0 ? '' : `Also:  ${aliases.map((alias) => `muster ${[...words.slice(0, -1), alias].join(' ')}`).join(', ')}\n`}
Flags:
${columns([...flags, ...globalFlags].map(flagLine))}`;
};

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

const flagLine = ({ name, short, value, values, summary }: Flag): readonly [string, string] => [
  `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
  values === undefined ? summary : `${summary} ${values.join(', ')} (default ${values[0] ?? ''})`,
];

const firstSentence = (text: string): string => /^.*?[.?](?= |$)/.exec(text)?.[0] ?? text;

function columns(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}   ${right}\n`).join('');
}
