/**
 * Every command, once: `--help`, the parser and the reference pages are made from this table. The
 * code of a command is loaded when it runs.
 */
import type { CommandContext, ExitCode } from '../context.ts';

export type Flag = {
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in the help. Absent: it is a switch. */
  readonly value?: string;
  /** The only valid values; the first one is the default. */
  readonly values?: readonly string[];
  readonly summary: string;
};

export type Command = {
  readonly words: readonly string[];
  /** Other names for the last word. */
  readonly aliases: readonly string[];
  readonly positionals: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly run: (context: CommandContext) => Promise<ExitCode>;
};

const rowFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
const textFormats = ['text', 'json', 'yaml'] as const;

const rowOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: rowFormats,
  summary: 'Output format.',
};
const textOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: textFormats,
  summary: 'Output format.',
};
const contextOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: ['table', 'json', 'yaml'],
  summary: 'Output format.',
};
const namespace: Flag = {
  name: 'namespace',
  short: 'n',
  value: 'NAMESPACE',
  summary: 'Look only in this namespace. Default: all namespaces.',
};
const noHeaders: Flag = { name: 'no-headers', summary: 'Omit the line of column names.' };
const namespaceColumn: Flag = {
  name: 'all-namespaces',
  short: 'A',
  summary: 'Add a NAMESPACE column.',
};
const noBrowser: Flag = {
  name: 'no-browser',
  summary:
    'Print the address instead of opening a browser. The browser can be on another machine: paste what it shows at the end.',
};
const device: Flag = {
  name: 'device',
  summary:
    'Sign in to muster on another device. Prints an address and a code. Such a sign-in can only read.',
};
const verify: Flag = {
  name: 'verify',
  summary: 'Ask the MCP servers first whether they accept your sign-in.',
};
const server = (summary: string): Flag => ({ name: 'server', value: 'NAME', summary });

/** Flags that every command takes. */
export const globalFlags: readonly Flag[] = [
  { name: 'debug', summary: 'Print each request on stderr, without secrets.' },
  {
    name: 'endpoint',
    value: 'URL',
    summary:
      'URL of the muster endpoint. Default: MUSTER_SERVERLESS_ENDPOINT, MUSTER_ENDPOINT, the current context.',
  },
  { name: 'help', short: 'h', summary: 'Show the help.' },
  { name: 'version', summary: 'Show the version.' },
];

const serverWords = { one: 'mcpserver', others: ['mcpservers', 'mcps'] } as const;

export const commands: readonly Command[] = [
  {
    words: ['list', serverWords.one],
    aliases: serverWords.others,
    positionals: [],
    summary:
      'List all MCPServers: whether each can be reached, and whether you are signed in to it.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    run: async (context) => (await import('./list.ts')).list(context),
  },
  {
    words: ['get', serverWords.one],
    aliases: serverWords.others,
    positionals: ['NAME'],
    summary: 'Show one MCPServer.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    run: async (context) => (await import('./list.ts')).get(context),
  },
  {
    words: ['check'],
    aliases: [],
    positionals: ['NAME'],
    summary:
      'Probe one MCPServer now, as a sweep does, without writing its status. Exit code 4 unless it is Connected.',
    flags: [
      namespace,
      { name: 'explain', summary: 'Add the stages of the probe, the verdict and the next step.' },
      {
        name: 'sign-in',
        summary:
          'Check every link of your sign-in instead, without signing in: what each place answered, and who can fix it. Exit code 4 unless a sign-in is possible.',
      },
      textOutput,
    ],
    run: async (context) =>
      context.has('sign-in')
        ? (await import('./check-sign-in.ts')).checkSignInOf(context)
        : (await import('./check.ts')).check(context),
  },
  {
    words: ['auth', 'login'],
    aliases: [],
    positionals: [],
    summary:
      'Sign in to muster and to the MCP servers that use single sign-on. With --server, sign in to one MCP server.',
    flags: [server('Sign in to this MCP server.'), noBrowser, device],
    run: async (context) => (await import('./auth-login.ts')).login(context),
  },
  {
    words: ['auth', 'logout'],
    aliases: [],
    positionals: [],
    summary: 'Sign out of muster on this machine, of one MCP server, or of all of them.',
    flags: [
      server('Sign out of this MCP server.'),
      { name: 'all', summary: 'Sign out of all MCP servers, then of muster on all machines.' },
    ],
    run: async (context) => (await import('./auth-logout.ts')).logout(context),
  },
  {
    words: ['auth', 'status'],
    aliases: [],
    positionals: [],
    summary:
      'Show who you are signed in as, and your session with each MCP server. Exit code 2 if a sign-in is required.',
    flags: [server('Show only this MCP server, in detail.'), verify, textOutput],
    run: async (context) => (await import('./auth-status.ts')).status(context),
  },
  {
    words: ['auth', 'keys'],
    aliases: [],
    positionals: [],
    summary:
      'List the keys of your machines, or remove one. Every change needs the key of a machine where you signed in.',
    flags: [
      {
        name: 'remove',
        value: 'KEY',
        summary: 'Remove this key: its machine can only read until you sign in there again.',
      },
      textOutput,
    ],
    run: async (context) => (await import('./auth-keys.ts')).keys(context),
  },
  {
    words: ['auth', 'whoami'],
    aliases: [],
    positionals: [],
    summary: 'Show who you are signed in as. Needs no network while the sign-in is valid.',
    flags: [],
    run: async (context) => (await import('./auth-status.ts')).whoami(context),
  },
  {
    words: ['context', 'add'],
    aliases: [],
    positionals: ['NAME', 'URL'],
    summary:
      'Trust an endpoint with your sign-in, under a name. Prints its issuer and client ID, and asks on a terminal.',
    flags: [{ name: 'yes', short: 'y', summary: 'Do not ask.' }],
    run: async (context) => (await import('./contexts.ts')).add(context),
  },
  {
    words: ['context', 'list'],
    aliases: [],
    positionals: [],
    summary: 'List the endpoints that you trust. Those without a name come from a sign-in.',
    flags: [contextOutput],
    run: async (context) => (await import('./contexts.ts')).list(context),
  },
  {
    words: ['context', 'use'],
    aliases: [],
    positionals: ['NAME'],
    summary: 'Choose the endpoint that commands use when no other is set.',
    flags: [],
    run: async (context) => (await import('./contexts.ts')).use(context),
  },
  {
    words: ['context', 'remove'],
    aliases: [],
    positionals: ['NAME'],
    summary: 'No longer trust an endpoint. Takes its name, or its URL if it has none.',
    flags: [],
    run: async (context) => (await import('./contexts.ts')).remove(context),
  },
];

/** Every way to type a command: under its own name first, then under its aliases. */
export function spellings({ words, aliases }: Command): readonly string[] {
  const prefix = words.slice(0, -1).join(' ');
  return [...words.slice(-1), ...aliases].map((name) => `${prefix} ${name}`.trimStart());
}

/** First words that need a second one: `auth`, `get`, `list`. */
export const groups: readonly string[] = [
  ...new Set(commands.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? '')),
];

/** What the exit codes mean, for the help and the reference pages. */
export const exitCodeSummaries = [
  [0, 'done'],
  [1, 'error'],
  [2, 'sign-in required'],
  [3, 'sign-in failed'],
  [4, 'condition not met (check)'],
] as const;
