/**
 * What a person does with an endpoint, from the first request to the sign-out: each step says by
 * its title what has to work, and throws with the output of the command where it does not.
 */
import assert from 'node:assert/strict';
import type { Ended } from '../cli/run.ts';

export type JourneyContext = {
  /** The built command line, in a home of its own. */
  readonly command: (...words: readonly string[]) => Promise<Ended>;
  /** Address of the endpoint, without a path. */
  readonly endpoint: string;
  /** Name of an MCPServer that wants a sign-in. */
  readonly server: string;
  /** Plays the person at an address that a sign-in prints. */
  readonly signIn: (address: string) => Promise<unknown>;
};

export type Step<Context = JourneyContext> = {
  readonly title: string;
  readonly run: (context: Context) => Promise<void>;
};

export const journey: readonly Step[] = [
  {
    title: 'the endpoint is up',
    run: async ({ endpoint }) => {
      const answer = await fetch(new URL('/healthz', endpoint));
      assert.equal(answer.status, 200, `${endpoint}/healthz answers ${String(answer.status)}.`);
    },
  },
  {
    title: 'the list wants a sign-in',
    run: async ({ command }) => ended(await command('list', 'mcpserver'), 2, /muster auth login/),
  },
  {
    title: 'the person signs in to muster',
    run: async ({ command }) => ended(await command('auth', 'login'), 0),
  },
  {
    title: 'the list has STATE and SESSION of each server',
    run: async ({ command, server }) =>
      ended(await command('list', 'mcpserver'), 0, row(server, 'Connected +Pending Auth')),
  },
  {
    title: 'the sweep is recent',
    run: async ({ command }) => {
      const { code, stderr } = await command('list', 'mcpserver');
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /No sweep/);
    },
  },
  {
    title: 'the last changes of a server are there',
    run: async ({ command, server }) =>
      ended(await command('events', server), 0, row(server, '.*Connected')),
  },
  {
    title: 'a check probes now',
    run: async ({ command, server }) => ended(await command('check', server), 0, /Connected/),
  },
  {
    title: 'the person signs in to a server',
    run: async ({ command, server }) => {
      ended(await command('auth', 'login', '--server', server), 0);
      ended(await command('list', 'mcpserver'), 0, row(server, 'Connected +Authenticated'));
    },
  },
  {
    title: 'the machine of the person gets the token of the server',
    run: async ({ command, server }) =>
      ended(await command('auth', 'token', '--server', server), 0, /\S+/),
  },
  {
    title: 'the person signs out of the server',
    run: async ({ command, server }) => {
      ended(await command('auth', 'logout', '--server', server), 0);
      ended(await command('list', 'mcpserver'), 0, row(server, 'Connected +Pending Auth'));
    },
  },
  {
    title: 'the person signs out of muster',
    run: async ({ command }) => {
      ended(await command('auth', 'logout'), 0);
      ended(await command('list', 'mcpserver'), 2, /muster auth login/);
    },
  },
];

const row = (server: string, cells: string): RegExp =>
  new RegExp(`^(?:.* )?${server} .*${cells}`, 'm');

/** The output of `auth token` is a secret where it succeeds: it is never in a message. */
function ended({ code, stdout, stderr }: Ended, wanted: number, output = /(?:)/): void {
  assert.equal(code, wanted, `It ended with ${String(code)}: ${stderr}${code === 0 ? '' : stdout}`);
  if (output.test(stdout + stderr)) return;
  throw new Error(`The output has not ${output.source}: ${stdout}${stderr}`);
}
