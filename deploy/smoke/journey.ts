/**
 * The journey of a person through a deployment, from the first request to the sign-out. `npm run
 * smoke` makes it against a real endpoint, and the tests against emulated ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { discoverIssuer } from '../../cli/auth/oidc-client.ts';
import { CliError } from '../../cli/context.ts';
import { messageOf } from '../../functions/model/error-message.ts';
import { parseJson } from '../../functions/model/json.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { healthSchema } from '../../functions/model/wire/endpoint-wire.ts';
import { configSchema } from '../../functions/model/wire/person-wire.ts';
import { listSchema, type Row } from '../../functions/model/wire/server-wire.ts';
import {
  done,
  type Ended,
  type JourneyContext,
  type Place,
  skipped,
  type Step,
  StepFailure,
} from './step.ts';

/** The server that a journey signed in to: sessions that the person had before stay as they are. */
const signedIn = new WeakMap<JourneyContext, string>();

export const journey: readonly Step[] = [
  {
    title: 'the endpoint answers',
    run: async ({ endpoint }) => {
      const health = healthSchema.safeParse(await get(endpoint, '/healthz'));
      if (!health.success)
        throw new StepFailure('endpoint', `${endpoint}/healthz is not the answer of muster.`);
      return done;
    },
  },
  {
    title: 'it says where people sign in, and that issuer publishes its metadata',
    run: async ({ endpoint }) => {
      const config = configSchema.safeParse(await get(endpoint, '/v1/config'));
      if (!config.success)
        throw new StepFailure('endpoint', `${endpoint}/v1/config is not the answer of muster.`);
      await discoverIssuer(config.data.issuer).catch((error: unknown) => {
        if (!(error instanceof CliError)) throw error;
        throw new StepFailure('issuer', error.message);
      });
      return done;
    },
  },
  {
    title: 'without a sign-in nobody sees a session',
    run: async ({ command }) => {
      const listed = await command('list', 'mcpserver', '-o', 'json');
      if (isSignedOut(listed)) return done;
      expectCode(listed, 'muster list mcpserver', 'cluster');
      throw new StepFailure('sessions', 'muster list mcpserver shows sessions without a sign-in.');
    },
  },
  {
    title: 'a person signs in to muster',
    run: async ({ command }) => {
      expectCode(await command('auth', 'login'), 'muster auth login', 'issuer');
      return done;
    },
  },
  {
    title: 'the list has the columns STATE and SESSION',
    run: async ({ command }) => {
      const listed = await command('list', 'mcpserver');
      expectCode(listed, 'muster list mcpserver', 'cluster');
      if (listed.stdout === '') return skipped('The cluster has no MCPServers.');
      if (/^NAME .*\bSTATE\b.*\bSESSION\b/m.test(listed.stdout)) return done;
      throw new StepFailure('sessions', 'muster list mcpserver prints no SESSION.');
    },
  },
  {
    title: 'the sweep is recent, and has seen every server',
    run: async (context) => {
      const until = performance.now() + sweepPatienceMs;
      for (;;) {
        const problem = await sweepProblem(context);
        if (problem === undefined) return done;
        if (performance.now() > until) throw new StepFailure('sweep', problem);
        await sleep(pollMs);
      }
    },
  },
  {
    title: 'a check probes a server now',
    run: async (context) => {
      const { command, server } = context;
      const name = server ?? nameOf((await list(context)).find(isProbed));
      if (name === undefined) return skipped('The cluster has no MCPServer that is probed.');
      const checked = await command('check', name);
      // 4: the probe was made, and the server is not as it should be.
      if (checked.code !== 4) expectCode(checked, `muster check ${name}`, 'server');
      return done;
    },
  },
  {
    title: 'the last changes of a server are there',
    run: async (context) => {
      const { command, server } = context;
      const name = server ?? nameOf((await list(context)).find(isProbed));
      if (name === undefined) return skipped('The cluster has no MCPServer that is probed.');
      const events = await command('events', name);
      expectCode(events, `muster events ${name}`, 'sweep');
      return events.stdout.trim() === ''
        ? skipped(`The STATE of ${name} has not changed for 90 days.`)
        : done;
    },
  },
  {
    title: 'the person signs in to a server, and SESSION is Authenticated',
    run: async (context) => {
      const name = await serverFor(context);
      if (name === undefined) return skipped('No MCPServer waits for a sign-in.');
      const words = ['auth', 'login', '--server', name];
      expectCode(await context.command(...words), `muster ${words.join(' ')}`, 'server');
      signedIn.set(context, name);
      const row = await rowOf(context, name);
      if (row?.session?.status === 'Authenticated') return done;
      throw new StepFailure(
        'sessions',
        `SESSION of ${name} is ${row?.session?.status ?? 'missing'} after the sign-in.`,
      );
    },
  },
  {
    title: 'the machine of the person gets the token of that server',
    run: async (context) => {
      const name = signedIn.get(context);
      if (name === undefined) return skipped('The journey signed in to no server.');
      const token = await context.command('auth', 'token', '--server', name);
      if (token.code !== 0 && /RELEASE_(?:TOKENS|HOSTS)|releases no tokens/.test(token.stderr))
        return skipped('The endpoint releases no tokens (RELEASE_TOKENS).');
      expectCode({ ...token, stdout: '' }, `muster auth token --server ${name}`, 'sessions');
      if (token.stdout.trim() !== '') return done;
      throw new StepFailure('sessions', `muster auth token --server ${name} printed nothing.`);
    },
  },
  {
    title: 'the person signs out of that server',
    isCleanUp: true,
    run: async (context) => {
      const name = signedIn.get(context);
      if (name === undefined) return skipped('The journey signed in to no server.');
      const words = ['auth', 'logout', '--server', name];
      expectCode(await context.command(...words), `muster ${words.join(' ')}`, 'sessions');
      const row = await rowOf(context, name);
      if (row?.session?.status !== 'Authenticated') return done;
      throw new StepFailure('sessions', `SESSION of ${name} is Authenticated after the sign-out.`);
    },
  },
  {
    title: 'the person signs out of muster',
    isCleanUp: true,
    run: async ({ command }) => {
      expectCode(await command('auth', 'logout'), 'muster auth logout', 'sessions');
      if (isSignedOut(await command('list', 'mcpserver', '-o', 'json'))) return done;
      throw new StepFailure('sessions', 'The machine still has a sign-in after the sign-out.');
    },
  },
];

// Two ticks and a cold start: the first sweep of a new deployment.
const sweepPatienceMs = 150_000;
const pollMs = 5_000;

async function get(endpoint: string, path: string): Promise<unknown> {
  const signal = AbortSignal.timeout(20_000);
  let response: Response;
  try {
    response = await fetch(new URL(path, endpoint), { signal });
  } catch (error) {
    throw new StepFailure(
      'endpoint',
      `${endpoint}${path} cannot be reached: ${oneLineWithoutSecrets(causeOf(error), 200)}`,
    );
  }
  const body = await response.text();
  if (response.status === 200) return parseJson(body);
  throw new StepFailure('endpoint', `${endpoint}${path} answers HTTP ${response.status}.`);
}

/** `fetch` hides the reason in its cause. */
const causeOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

/** Throws with what the command said. */
function expectCode({ code, stdout, stderr }: Ended, typed: string, place: Place): void {
  if (code === 0) return;
  const said = oneLineWithoutSecrets(`${stderr} ${stdout}`, 600);
  throw new StepFailure(place, `${typed} ended with ${code}: ${said}`);
}

const itemsSchema = z.object({ items: listSchema.shape.items });

/** 2: a sign-in is required. Where it is not (ANONYMOUS_LIST), no row has a session. */
function isSignedOut({ code, stdout }: Ended): boolean {
  if (code === 2) return true;
  const listed = itemsSchema.safeParse(parseJson(stdout));
  return (
    code === 0 && listed.success && listed.data.items.every(({ session }) => session === undefined)
  );
}

async function list({ command }: JourneyContext): Promise<readonly Row[]> {
  const listed = await command('list', 'mcpserver', '-o', 'json');
  expectCode(listed, 'muster list mcpserver', 'cluster');
  const parsed = itemsSchema.safeParse(parseJson(listed.stdout));
  if (parsed.success) return parsed.data.items;
  throw new StepFailure('endpoint', 'muster list mcpserver -o json printed no list.');
}

const rowOf = async (context: JourneyContext, name: string): Promise<Row | undefined> =>
  (await list(context)).find((row) => row.name === name || qualifiedName(row) === name);

const nameOf = (row: Row | undefined): string | undefined =>
  row === undefined ? undefined : `${row.namespace}/${row.name}`;

/** A server of type stdio is never probed, and a suspended one keeps what it had. */
const isProbed = ({ type, state }: Row): boolean => type !== 'stdio' && state !== undefined;

/** A sentence, where the last sweep is too old or has not seen a server yet. */
async function sweepProblem({ command }: JourneyContext): Promise<string | undefined> {
  const { code, stdout, stderr } = await command('list', 'mcpserver', '-o', 'json');
  expectCode({ code, stdout, stderr }, 'muster list mcpserver', 'cluster');
  const [warning] = /Warning: (?:No sweep|STATE of).*/.exec(stderr) ?? [];
  if (warning !== undefined) return oneLineWithoutSecrets(warning, 300);
  const items = itemsSchema.safeParse(parseJson(stdout)).data?.items ?? [];
  const remote = items.filter(({ type }) => type !== 'stdio');
  // One that is suspended never gets a STATE; a sweep that never ran gives none to anyone.
  const isSwept = remote.length === 0 || remote.some(({ state }) => state !== undefined);
  return isSwept ? undefined : 'No server has a STATE yet: no sweep has ended.';
}

async function serverFor(context: JourneyContext): Promise<string | undefined> {
  if (context.server !== undefined) return context.server;
  const waiting = (await list(context)).find(({ session }) => session?.status === 'Pending Auth');
  return nameOf(waiting);
}
