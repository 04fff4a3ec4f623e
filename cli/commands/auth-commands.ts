/** Signing in and out, and who is signed in. */
import type { Command, Flag } from './command.ts';
import { textOutput } from './flags.ts';

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

export const authCommands: readonly Command[] = [
  {
    words: ['auth', 'login'],
    aliases: [],
    positionals: [],
    summary:
      'Sign in to muster and to the MCP servers that use single sign-on. With --server, sign in to one MCP server; with --all, to each one that requires you to sign in. Without a terminal it ends at once: set MUSTER_TOKEN, or add --no-browser.',
    flags: [
      server('Sign in to this MCP server.'),
      {
        name: 'all',
        summary:
          'Sign in to muster and to all MCP servers that require it, one after another. One that fails does not stop the others.',
      },
      noBrowser,
      device,
    ],
    examples: [
      'muster auth login',
      'muster auth login --server server-a',
      'muster auth login --all --no-browser',
    ],
    exits: [
      [2, 'sign in to muster first'],
      [3, 'sign-in failed'],
    ],
    run: async (context) =>
      context.has('all')
        ? (await import('./sign-in/auth-login-all.ts')).loginToAll(context)
        : (await import('./sign-in/auth-login.ts')).login(context),
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
    examples: ['muster auth logout', 'muster auth logout --server server-a'],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./sign-in/auth-logout.ts')).logout(context),
  },
  {
    words: ['auth', 'status'],
    aliases: [],
    positionals: [],
    summary:
      'Show who you are signed in as, and your session with each MCP server. Exit code 2 if a sign-in is required.',
    flags: [server('Show only this MCP server, in detail.'), verify, textOutput],
    examples: ['muster auth status', 'muster auth status --verify -o json'],
    exits: [[2, 'sign-in required, to muster or to a server']],
    run: async (context) => (await import('./sign-in/auth-status.ts')).status(context),
  },
  {
    words: ['auth', 'token'],
    aliases: [],
    positionals: [],
    summary:
      'Print your access token for one MCP server, for scripts. The owner of the endpoint has to allow it.',
    flags: [
      server('Print the token for this MCP server. Required.'),
      {
        name: 'header',
        summary: 'Print a JSON object with the header Authorization, as headersHelper expects.',
      },
    ],
    examples: [
      'muster auth token --server server-b',
      'curl -H "Authorization: Bearer $(muster auth token --server server-b)" "$URL"',
    ],
    exits: [[2, 'sign in first: to muster, or to the server']],
    run: async (context) => (await import('./client/auth-token.ts')).token(context),
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
    examples: ['muster auth keys', 'muster auth keys --remove k3Jx0pQz'],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./sign-in/auth-keys.ts')).keys(context),
  },
  {
    words: ['auth', 'whoami'],
    aliases: [],
    positionals: [],
    summary: 'Show who you are signed in as. Needs no network while the sign-in is valid.',
    flags: [textOutput],
    examples: ['muster auth whoami', 'muster auth whoami -o json'],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./sign-in/auth-status.ts')).whoami(context),
  },
];
