import type { Command, Flag } from './commands/command.ts';
import {
  commands,
  exitCodeSummaries,
  sections,
  spellings,
  type Topic,
} from './commands/commands.ts';
import { environmentVariables } from './commands/environment-variables.ts';
import { globalFlags } from './commands/flags.ts';
import { firstSentence, synopsis } from './commands/synopsis.ts';
import type { Parsed } from './parse.ts';

/** What fits every terminal: no line of the help is longer. */
const width = 80;

/** The text that was asked for. */
export function helpText(asked: Exclude<Parsed, { kind: 'run' | 'version' }>): string {
  switch (asked.kind) {
    case 'help':
      return asked.command === undefined ? overview() : page(asked.command);
    case 'groupHelp':
    case 'incomplete':
      return groupHelp(asked.group);
    case 'topicHelp':
      return topicHelp(asked.topic);
  }
}

/** The help of a group: its subcommands, a line each. */
const groupHelp = (group: string): string => `Usage: muster ${group} SUBCOMMAND

Subcommands
${columns(commands.filter(({ words }) => words[0] === group).map(commandLine))}
Run muster ${group} SUBCOMMAND --help for flags and examples.
`;

/** What `muster help` explains beside the commands. */
function topicHelp(topic: Topic): string {
  switch (topic) {
    case 'environment':
      return `Environment variables. An empty one counts as not set.\n\n${columns(environmentVariables)}`;
    case 'exit-codes':
      return `Exit codes\n\n${columns(exitCodeLines)}\nMore about each: /scripts/#exit-codes on the site of the docs.\n`;
    case 'flags':
      return `Flags of every command\n\n${columns(globalFlags.map(flagLine))}`;
  }
}

const exitCodeLines = exitCodeSummaries.map(([code, summary]) => [String(code), summary] as const);

function overview(): string {
  const blocks = [
    ...sections.map(({ title, commands }) => ({ title, lines: commands.map(commandLine) })),
    { title: 'Help', lines: helpLines },
  ];
  const term = termOf(blocks.flatMap(({ lines }) => lines));
  return [
    wrapped(
      'muster shows two things about every MCP server: whether it can be reached (STATE), and whether you are signed in to it (SESSION).',
    ),
    '\n\nUsage: muster COMMAND [flags]\n\n',
    ...blocks.map(({ title, lines }) => `${title}\n${columns(lines, term)}\n`),
    'No telemetry and no update checks.\n',
  ].join('');
}

const helpLines: readonly Line[] = [
  ['COMMAND --help', 'Flags, examples and exit codes of one command.'],
  ['help flags', 'Flags of every command.'],
  ['help environment', 'Environment variables.'],
  [
    'help exit-codes',
    exitCodeLines
      .slice(0, 5)
      .map(([code, what]) => `${code} ${what}`)
      .join(', '),
  ],
];

const page = (command: Command): string => {
  const { summary, flags, examples, exits = [] } = command;
  const [, ...others] = spellings(command);
  const parts = [
    wrapped(summary),
    [
      `Usage: ${synopsis(command)}`,
      ...(others.length === 0
        ? []
        : [wrapped(`Also:  ${others.map((line) => `muster ${line}`).join(', ')}`, '       ')]),
    ].join('\n'),
    flags.length === 0 ? '' : `Flags\n${columns(flags.map(flagLine))}`,
    `Examples\n${examples.map((line) => `  ${line}\n`).join('')}`,
    wrapped(
      `Exit codes: ${[[0, 'done'] as const, [1, 'error'] as const, ...exits]
        .map(([code, what]) => `${String(code)} ${what}`)
        .join(', ')}.`,
    ),
    hasJson(command)
      ? `Fields of -o json: /schema/${command.words.join('-')}.json on the site of the docs.`
      : '',
    'Flags of every command: muster help flags',
  ];
  return `${parts.flatMap((part) => (part === '' ? [] : [part.trimEnd()])).join('\n\n')}\n`;
};

const hasJson = ({ flags }: Command): boolean =>
  flags.some(({ name, values }) => name === 'output' && values?.includes('json') === true);

const commandLine = ({ words, positionals, summary }: Command): Line => [
  [...words, ...positionals].join(' '),
  firstSentence(summary),
];

/** `-n, --namespace NAMESPACE` and what it does, for a help text. */
const flagLine = ({ name, short, value, values, hasNoDefault, summary }: Flag): Line => [
  `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
  values === undefined
    ? summary
    : `${summary} One of: ${values.join(', ')}.${hasNoDefault === true ? '' : ` Default: ${values[0] ?? ''}.`}`,
];

/** A term and what it means. */
type Line = readonly [string, string];

/** Longer terms have a line of their own. */
const widestTerm = 28;

const termOf = (lines: readonly Line[]): number =>
  Math.max(0, ...lines.map(([term]) => term.length).filter((length) => length <= widestTerm));

/** Two columns; the second one is wrapped. */
function columns(lines: readonly Line[], term = termOf(lines)): string {
  const indent = ' '.repeat(term + 5);
  return lines
    .map(([left, right]) => {
      const text = wrapped(`${indent}${right}`, indent);
      return left.length <= term
        ? `  ${left.padEnd(term)}   ${text.trimStart()}\n`
        : `  ${left}\n${text}\n`;
    })
    .join('');
}

/** Lines of at most 80 characters, broken between words; all but the first begin with `indent`. */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? '';
  let isEmpty = true;
  for (const word of text.trim().split(' ')) {
    const longer = isEmpty ? `${line}${word}` : `${line} ${word}`;
    if (longer.length > width && !isEmpty) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
