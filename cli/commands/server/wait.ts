import { setTimeout as sleep } from 'node:timers/promises';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { authorizedRequest } from '../../api/authorized-exchange.ts';
import { isCheck } from '../../api/guards.ts';
import {
  type Connection,
  findServers,
  notOurs,
  readServer,
  serverUrl,
} from '../../api/mcpservers.ts';
import { NoResponse } from '../../api/no-response.ts';
import { RequestFailure } from '../../api/request.ts';
import { NoSuchServer, type ServerName } from '../../api/server-names.ts';
import { connect, connectAsPerson } from '../../auth/connect.ts';
import { NotRefreshed } from '../../token-store/refresh-tokens.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { timeSpan } from '../../time-span.ts';
import { serverNames } from './named-servers.ts';
import {
  type Condition,
  goalOf,
  hopeless,
  isMet,
  readCondition,
  type Seen,
  spanText,
  timedOut,
} from './wait-condition.ts';
import { type Pace, waitUntil } from './wait-loop.ts';

/** A server as it was found at the beginning; without `uid` it was not there. */
type Target = { readonly namespace: string; readonly name: string; readonly uid?: string };

const defaultTimeoutMs = 60_000;

/** `muster wait NAME...`: 0 when the condition is met, 4 when the time is over. */
export async function wait(context: CommandContext): Promise<ExitCode> {
  const condition = readCondition(context.option('for'));
  const probes = context.has('check');
  if (probes && condition.kind !== 'state')
    throw new CliError('--check can only be combined with --for=state=....', {
      hint: 'Leave out --check: a probe changes neither a session nor an MCPServer.',
    });
  const timeout = context.option('timeout');
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : (timeSpan(timeout) ?? 0);
  const names = serverNames(context);
  const isPersonal = probes || condition.kind === 'session';
  const connection = await (isPersonal ? connectAsPerson : connect)(context);

  const first = await lookFirst(connection, names, condition);
  const look = probes ? probe : read;
  // A probe is what the person asked for, so the first look is one, if it may be.
  const start = probes
    ? await Promise.all(
        first.map(({ server, seen }) =>
          probe(connection, server).then(
            (probed) => ({ server, seen: probed }),
            (error: unknown) => {
              if (!isPassing(error)) throw error;
              return { server, seen };
            },
          ),
        ),
      )
    : first;
  const what = names.length === 1 ? (names[0]?.text ?? '') : `${String(names.length)} servers`;
  const line = `Waiting for ${what} to be ${goalOf(condition)}`;
  const isPending = start.some(({ server, seen }) => !isMet(condition, seen, server.uid));
  if (isPending && timeoutMs > 0 && !showsProgress(context))
    context.info(`${line}, at most ${spanText(timeoutMs)}.`);
  const ended = await context.waitingFor(
    line,
    waitUntil(
      start,
      { timeoutMs, intervalMs: probes ? ofProbes : ofLooks },
      {
        clock: {
          nowMs: () => performance.now(),
          sleep: (ms, signal) => sleep(ms, undefined, { signal }),
        },
        interrupted: context.interrupted,
        // A wait may be longer than a token lives.
        prepare: async () => {
          const now = await connect(context);
          return (server, leftMs) => look(now, server, leftMs);
        },
        isMet: ({ uid }, seen) => isMet(condition, seen, uid),
        onMet: (server, afterMs) =>
          context.print(
            `${qualifiedName(server)}  ${goalOf(condition)}  after ${String(Math.round(afterMs / 1000))}s\n`,
          ),
        isPassing,
        onLoss: (error) => {
          if (error instanceof CliError) context.info(`Warning: ${error.message} Still waiting.`);
        },
      },
    ),
  );
  if (ended.kind === 'met') return exitCodes.done;
  if (ended.loss instanceof CliError)
    throw new CliError(
      `The endpoint did not answer at the end of ${spanText(timeoutMs)}: ${ended.loss.message}`,
      { hint: ended.loss.hint },
    );
  const { message, hint } = timedOut(condition, ended.pending, timeoutMs);
  throw new CliError(message, { exitCode: exitCodes.notMet, hint });
}

/** Whether a line on the terminal shows what is waited for. */
const showsProgress = ({ isInteractive, environment }: CommandContext): boolean =>
  isInteractive() && environment['TERM'] !== 'dumb' && !environment['CI'];

/** Quick at first, for what is about to happen; then with no hurry. */
const ofLooks: Pace['intervalMs'] = (round, servers) =>
  Math.min(round, 5) * 1_000 * Math.ceil(servers / 10);

/** A person may make 10 checks a minute: one of ours every 7 s. */
const ofProbes: Pace['intervalMs'] = (_round, servers) => servers * 7_000;

/** Throws for a name that is not there, unless that is what the person waits for. */
async function lookFirst(
  connection: Connection,
  names: readonly ServerName[],
  condition: Condition,
): Promise<readonly { readonly server: Target; readonly seen: Seen }[]> {
  const found = await findServers(connection, names);
  return found.map((one) => {
    if (one.kind === 'found') {
      const why = hopeless(condition, one.row);
      if (why === undefined) return { server: one.row, seen: seenIn(one.row) };
      const name = qualifiedName(one.row);
      throw new CliError(`${name} ${why}`, {
        exitCode: exitCodes.notMet,
        hint: `To see more, run: muster describe ${name}`,
      });
    }
    if (condition.kind !== 'deleted' || !(one.error instanceof NoSuchServer)) throw one.error;
    const { namespace = 'default', name } = one.wanted;
    return { server: { namespace, name }, seen: { kind: 'gone' } };
  });
}

const seenIn = ({ uid, state, reason, session }: Row): Seen => ({
  kind: 'there',
  uid,
  state,
  reason,
  session,
});

async function read(connection: Connection, server: Target, leftMs: number): Promise<Seen> {
  const row = await readServer(connection, server, Math.max(1_000, Math.min(leftMs, 15_000)));
  return row === undefined ? { kind: 'gone' } : seenIn(row);
}

async function probe(connection: Connection, server: Target): Promise<Seen> {
  const { endpoint } = connection;
  const url = `${serverUrl(endpoint, server)}/check`;
  const answer = await authorizedRequest(connection, { method: 'POST', url, timeoutMs: 25_000 });
  if (!isCheck(answer)) throw notOurs(endpoint);
  const { state, reason } = answer;
  return { kind: 'there', state, reason };
}

/** The endpoint, its network or the issuer is down for a moment. */
const isPassing = (error: unknown): boolean =>
  error instanceof NoResponse ||
  error instanceof NotRefreshed ||
  (error instanceof RequestFailure &&
    (error.status >= 500 || error.status === 429 || error.status === 408));
