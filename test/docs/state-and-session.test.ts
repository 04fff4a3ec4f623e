/** Sentences of State and session that the shipped functions have to agree with. */
import { describe, expect, test } from 'vitest';
import { classify } from '../../functions/reachability/classify.ts';
import type { ProbeOutcome } from '../../functions/reachability/outcome.ts';
import { sweepPage } from '../../functions/reachability/sweep-page.ts';
import type { McpServer, Status } from '../../functions/model/mcpserver.ts';
import { join } from '../../functions/sessions/join.ts';
import { sessionOf } from '../../functions/sessions/session.ts';
import { answerOf, answers } from '../../site/src/explorer/answers.ts';
import { show } from '../../site/src/explorer/cases.ts';
import { befores, signInNames, times } from '../../site/src/explorer/choice.ts';
import { aGrant, protectedServer } from '../functions/sessions/build.ts';
import { anAnswer, aFailure } from '../world/outcome.ts';
import { quietPorts } from '../world/page-ports.ts';
import { aServer, aStatus, connected } from '../world/server.ts';
import { settings } from '../../functions/model/settings-table.ts';
import { readPage } from './pages.ts';

const page = await readPage('state-and-session.md');

/** The text below a heading of any level, up to the next heading. */
const below = (heading: string): string =>
  page.split(new RegExp(`\n#+ ${heading.replace(/[?.]/g, '\\$&')}\n`))[1]?.split('\n#')[0] ?? '';

/** The rows of the first table below a heading; each cell is Markdown. */
const rowsBelow = (heading: string): readonly (readonly string[])[] =>
  below(heading)
    .split('\n\n')
    .find((part) => part.trimStart().startsWith('|'))
    ?.trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ) ?? [];

const choices = answers.flatMap(({ name: answer }) =>
  times.flatMap((count) =>
    signInNames.flatMap((signIn) =>
      befores.map(({ name: before }) => ({ answer, times: count, signIn, before })),
    ),
  ),
);

describe('the answers on the first screen are what the shipped functions say', () => {
  test.each(
    [200, 401, 403, 404, 500, 502, 503, 504].map((status) => [status, status < 501] as const),
  )('%i is up: %s', (status, isUp) => {
    const { kind } = classify({ kind: 'answered', status, bearerChallenge: false, timings: {} });
    expect(kind).toBe(isUp ? 'connected' : 'failing');
    if (status < 402) return;
    const [up = '', down = ''] = below('Are 403, 404, 500 and 503 up?').split(' are. ');
    expect(isUp ? up : down).toContain(String(status));
  });

  test('Failed and Pending Auth never appear together, and SESSION is - unless STATE is Connected', () => {
    for (const choice of choices) {
      const { state, session } = show(choice);
      if (state !== 'Connected' && session !== undefined) expect(session.status).toBe('-');
    }
    expect(below('Can Failed and Pending Auth appear together?')).toContain(
      'Unless STATE is `Connected`, SESSION is `-`.',
    );
  });

  const person = { issuer: 'https://login.example.com', subject: 'ada', audiences: [] };
  const now = new Date('2026-11-26T12:00:00Z');
  const until = { ...person, expiresAt: new Date('2026-11-26T13:00:00Z') };
  test.each<readonly [string, Partial<McpServer>]>([
    ['STATE is not `Connected`', { status: aStatus({ state: 'Failed' }) }],
    ['STATE is not `Connected`', {}],
    ['suspended', { status: connected('True'), suspended: true }],
    ['`stdio`', { status: connected('True'), type: 'stdio' }],
    ['requires no sign-in', { status: connected('False') }],
    ['did not show whether it does', { status: connected('Unknown') }],
  ])('SESSION is - where the server: %s', (cause, facts) => {
    expect(sessionOf(aServer(facts), until, undefined, now)).toEqual({ status: '-' });
    expect(below('What does SESSION - mean?')).toContain(cause);
  });
  test('and in no other case', () => {
    const shown = choices.filter(({ signIn }) => signIn !== 'signed-out').map(show);
    expect(
      shown.filter(({ state, session }) => state === 'Connected' && session === undefined),
    ).toEqual([]);
    expect(sessionOf(aServer({ status: connected('True') }), until, undefined, now)).toMatchObject({
      status: 'Pending Auth',
    });
  });

  test('a recreated server is Pending Auth, with the reason', () => {
    const again = protectedServer({ uid: 'uid-new' });
    expect(join([again], until, [aGrant()], now).get('uid-new')).toMatchObject({
      status: 'Pending Auth',
      message: 'The server was deleted and created again after you signed in.',
    });
    expect(below('SESSION values')).toContain('starts at `Pending Auth`, and the reason is there');
  });
});

describe('the page says how long it takes from death to Failed', () => {
  const tickMs = Number(settings.TICK_SECONDS.fallback) * 1000;
  const sentence = below('How long from death to Failed?');

  test('the sweep runs once a minute', () => {
    expect(tickMs).toBe(60_000);
    expect(sentence).toContain('one sweep a minute');
  });

  const refused = aFailure('refused', { timings: { tcp: 1 } });
  const hangs = aFailure('timeout', { stage: 'headers', timings: { headers: 10_000 } });
  const noName = aFailure('nameNotFound', { stage: 'dns', timings: { dns: 5 } });
  test.each([
    ['that refuses', refused, 1, /^\n(\d) to (\d) minutes: /],
    ['that hangs', hangs, 10_000, /A server that hangs: (\d) to (\d) minutes\./],
  ] as const)('a server %s', async (_, outcome, probeMs, named) => {
    const spans = await Promise.all(
      // It dies in any second between two sweeps.
      Array.from({ length: 59 }, (_unused, index) => (index + 1) * 1000).map((diesMs) =>
        msUntilFailed({ outcome, probeMs, diesMs, tickMs }),
      ),
    );
    const minutes = [Math.min(...spans), Math.max(...spans)].map((ms) => Math.round(ms / 60_000));
    expect(named.exec(sentence)?.slice(1).map(Number)).toEqual(minutes);
  });
  test('one sweep is enough for a reason that a retry cannot fix', async () => {
    const ms = await msUntilFailed({ outcome: noName, probeMs: 5, diesMs: 1000, tickMs });
    expect(ms).toBeLessThan(tickMs);
    expect(sentence).toContain('or TLS failure: one sweep.');
  });
});

type Death = {
  readonly outcome: ProbeOutcome;
  readonly probeMs: number;
  /** After the first sweep. */
  readonly diesMs: number;
  readonly tickMs: number;
};

/** From the death of a server that answered to `Failed`, by sweeps on a clock of our own. */
async function msUntilFailed({ outcome, probeMs, diesMs, tickMs }: Death): Promise<number> {
  const start = new Date('2026-11-26T12:00:00Z').getTime();
  let now = start;
  let server = aServer({ uid: `uid-${String(diesMs)}` });
  const written = async (next: Status): Promise<void> => {
    server = { ...server, status: next };
  };
  for (let tick = 0; tick < 20; tick += 1) {
    now = start + tick * tickMs;
    await sweepPage(
      [server],
      {
        ...quietPorts,
        now: () => new Date(now),
        probe: async () => {
          const isDead = now - start >= diesMs;
          now += isDead ? probeMs : 1;
          return isDead ? outcome : anAnswer;
        },
        patchStatus: async (_server, next) => {
          await written(next);
          return { kind: 'written', resourceVersion: '2' };
        },
      },
      {
        tick: new Date(now),
        tickMs,
        heartbeatMs: Number(settings.HEARTBEAT_SECONDS.fallback) * 1000,
        concurrency: 1,
        everything: false,
      },
    );
    if (server.status.state === 'Failed') return now - start - diesMs;
  }
  throw new Error('It never failed.');
}

describe('the table of answers is what the shipped functions say', () => {
  const rows = rowsBelow('How each response maps to STATE');
  test.each(
    answers.filter(({ name }) => name !== '407').map(({ name, label }) => [label, name] as const),
  )('%s', (_, name) => {
    const verdict = classify(answerOf(name).outcome);
    if (verdict.kind === 'undecided') throw new Error(`${name} has no verdict`);
    const row = rows.find(([, , , reasons]) => reasons?.includes(`\`${verdict.reason}\``));
    const [, state, reachable] = row ?? [];
    const states = {
      connected: '`Connected`',
      failing: '`Connecting`, then `Failed`',
      failed: '`Failed`',
    } as const;
    expect(state).toBe(states[verdict.kind]);
    expect(reachable).toBe(verdict.kind === 'connected' ? 'True' : 'False');
  });
  test('statuses of a reverse proxy whose server is down', () => {
    const [statuses = ''] =
      rows.find(([, , , reasons]) => reasons === '`UpstreamUnavailable`') ?? [];
    const outcome = (status: number) =>
      ({ kind: 'answered', status, bearerChallenge: false, timings: {} }) as const;
    const unavailable = Array.from({ length: 500 }, (_, index) => index + 100).filter(
      (status) => classify(outcome(status)).kind === 'failing',
    );
    expect(statuses).toBe(unavailable.join(', '));
  });
});
