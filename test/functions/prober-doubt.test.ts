/**
 * The prober doubts itself: in the middle of a sweep of 200 servers its own resources are taken
 * away, and no server is marked for it. A real mass failure is shown within the documented bound.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import packet from 'dns-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { conditionOf, type McpServer } from '../../functions/model/mcpserver.ts';
import { createSweep } from '../../functions/sweep.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { type Fleet, type FleetOptions, ok, startFleet } from '../world/fleet.ts';

// A sweep takes a second alone, and many beside other tests. Every bound is a share of the page,
// so 200 servers show what a full page of 500 does; the loss of a network has all of them.
vi.setConfig({ testTimeout: 120_000 });

const count = 200;
const heartbeatMs = 300_000;
const tickMs = 60_000;
/** What docs/operate.md says. */
const boundMs = heartbeatMs + 3 * tickMs;

const state = ({ status }: McpServer): string => status.state ?? '-';
const reason = ({ status }: McpServer): string => conditionOf(status, 'Reachable')?.reason ?? '-';
const tick = { kind: 'tick', everything: true };

let fleet: Fleet;
let check: Listening;
const closers: (() => Promise<void> | void)[] = [];

const up = async (options: Partial<FleetOptions> = {}): Promise<void> => {
  fleet = await startFleet({
    count,
    hosts: 10,
    addressOf: (host) => `127.0.0.${2 + host}`,
    ...options,
  });
  closers.push(() => fleet.close());
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1000) * 1000 });
  check = await listen(createServer((_request, response) => response.end()));
  closers.push(() => check.close());
});
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).toReversed()) await close();
});
const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

// The resolver of the tests is one socket: more at once overflow it.
const sweepOf = (settings: Readonly<Record<string, string>> = {}) =>
  createSweep({
    ...fleet.settings,
    PROBE_CONCURRENCY: '50',
    PROBER_CHECK_URL: check.url,
    ...settings,
  });

/** Where nothing listens: the check fails. */
const nowhere = 'http://127.0.0.1:9/';

/** After so many requests, once. */
function inTheMiddle(take: () => void, after = 60): void {
  const begin = fleet.requests();
  let taken = false;
  fleet.onRequest = (request, response) => {
    if (!taken && fleet.requests() - begin >= after) {
      taken = true;
      take();
    }
    ok(request, response);
  };
}

describe('the resolver', () => {
  type Mode = 'answers' | 'SERVFAIL' | 'silent';
  let mode: Mode;
  let socket: Socket;

  const upWithNames = async (zones: number): Promise<string> => {
    mode = 'answers';
    socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      if (mode === 'silent') return;
      const { id, questions = [] } = packet.decode(message);
      const [question] = questions;
      const address = `127.0.0.${2 + (Number(/server-(\d+)/.exec(question?.name ?? '')?.[1]) % 10)}`;
      const isFine = mode === 'answers' && question !== undefined;
      const answers =
        isFine && question.type === 'A'
          ? [{ type: 'A' as const, name: question.name, ttl: 1, data: address }]
          : [];
      const flags = packet.RECURSION_DESIRED | (isFine ? 0 : 2);
      socket.send(
        packet.encode(Object.assign({ type: 'response' as const, id, flags, questions, answers })),
        from.port,
        from.address,
      );
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closers.push(() => void socket.close());
    await up({ nameOf: (index) => `server-${index}.zone-${index % zones}.test` });
    return `127.0.0.1:${socket.address().port}`;
  };

  test.each<[string, () => void]>([
    ['answers SERVFAIL', () => (mode = 'SERVFAIL')],
    ['stays silent', () => (mode = 'silent')],
    // It hears only its peer now. A closed one would give its port to the resolver of another test.
    // What it still answers goes to that peer, and is refused.
    ['refuses', () => socket.on('error', () => {}).connect(9, '127.0.0.1')],
  ])('that %s in the middle marks none of 200 servers', async (_what, take) => {
    const DNS_SERVERS = await upWithNames(50);
    await sweepOf({ DNS_SERVERS })(tick);
    expect(await fleet.count(state)).toEqual({ Connected: count });
    later(tickMs);
    inTheMiddle(take);
    const report = await sweepOf({ DNS_SERVERS, PROBER_CHECK_URL: nowhere })(tick);
    expect(report.proberOffline).toMatch(/the resolver|prober errors for \d+ of 200/);
    expect(await fleet.count(state)).toEqual({ Connected: count });
    expect((await fleet.count(reason))['DNSFailure']).toBeUndefined();
  });

  // A company's own name servers are down, and everybody else's are not.
  test('is not suspected for one broken zone with 40 % of the page: its verdicts are written', async () => {
    const DNS_SERVERS = await upWithNames(5);
    await sweepOf({ DNS_SERVERS })(tick);
    const answer = socket.listeners('message')[0];
    socket.removeAllListeners('message');
    socket.on('message', (message, from) => {
      const [question] = packet.decode(message).questions ?? [];
      mode = /zone-[01]\.test$/.test(question?.name ?? '') ? 'SERVFAIL' : 'answers';
      answer?.call(socket, message, from);
    });
    later(tickMs);
    // The check fails, too: it is not even asked.
    const report = await sweepOf({ DNS_SERVERS, PROBER_CHECK_URL: nowhere })(tick);
    expect(report.proberOffline).toBeUndefined();
    expect(await fleet.count(reason)).toEqual({ AuthenticationRequired: 120, DNSFailure: 80 });
  });

  test('past the bound the check decides: Unknown where it fails, verdicts where it answers', async () => {
    const DNS_SERVERS = await upWithNames(50);
    await sweepOf({ DNS_SERVERS })(tick);
    mode = 'SERVFAIL';
    later(boundMs - 1000);
    await sweepOf({ DNS_SERVERS, PROBER_CHECK_URL: nowhere })(tick);
    expect(await fleet.count(reason)).toEqual({ AuthenticationRequired: count });
    later(1000);
    await sweepOf({ DNS_SERVERS, PROBER_CHECK_URL: nowhere })(tick);
    expect(await fleet.count(reason)).toEqual({ ProberOffline: count });
    expect(await fleet.count(state)).toEqual({ Connected: count });
    later(tickMs);
    // Said once, not with every sweep.
    expect(await sweepOf({ DNS_SERVERS, PROBER_CHECK_URL: nowhere })(tick)).toMatchObject({
      written: 0,
      changes: 0,
    });
    await sweepOf({ DNS_SERVERS })(tick);
    expect(await fleet.count(reason)).toEqual({ DNSFailure: count });
    mode = 'answers';
    later(tickMs);
    await sweepOf({ DNS_SERVERS })(tick);
    expect(await fleet.count(state)).toEqual({ Connected: count });
  });
});

describe('a real mass failure', () => {
  test('is shown within the bound, by every server', async () => {
    await up();
    const sweep = sweepOf();
    for (let minute = 0; minute < 7; minute += 1) {
      await sweep(tick);
      later(tickMs);
    }
    fleet.stopServers();
    const died = Date.now();
    const shown: number[] = [];
    for (let minute = 0; minute < 12 && shown.length < 2; minute += 1) {
      await sweep(tick);
      const states = await fleet.count(state);
      if (shown.length === 0 && states['Connected'] === undefined) shown.push(Date.now() - died);
      if (states['Failed'] === count) shown.push(Date.now() - died);
      later(tickMs);
    }
    const [connecting = Infinity, failed = Infinity] = shown;
    console.info(
      `${count} servers died: all Connecting after ${connecting / 1000} s, all Failed after ${failed / 1000} s (bound ${boundMs / 1000} s)`,
    );
    expect(connecting).toBeLessThanOrEqual(boundMs);
    expect(failed).toBeLessThanOrEqual(boundMs + 3 * tickMs);
  });
});

describe('in a process of its own', () => {
  const program = fileURLToPath(new URL('../world/sweep-process.ts', import.meta.url));

  /** Runs one sweep; `limits` is what the shell does before. */
  function spawnSweep(limits: string, settings: Readonly<Record<string, string>> = {}) {
    const child: ChildProcess = spawn(
      'sh',
      ['-c', `${limits} exec "$0" "$1"`, process.execPath, program],
      {
        env: { ...fleet.settings, PROBER_CHECK_URL: check.url, ...settings },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    closers.push(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const report = once(child, 'close').then((): SweepReport => JSON.parse(text));
    return { child, report };
  }

  test('file descriptors that run out mark none of 200 servers', async () => {
    vi.useRealTimers();
    await up({ timeoutSeconds: 10 });
    await spawnSweep('').report;
    // Each answer takes a while, so that the descriptors are in use.
    fleet.onRequest = (request, response) => void setTimeout(() => ok(request, response), 200);
    const report = await spawnSweep('ulimit -n 100;').report;
    expect(report.proberOffline).toMatch(/^prober errors for \d+ of 200 servers: .*EMFILE/);
    expect(await fleet.count(state)).toEqual({ Connected: count });
    expect(await fleet.count(reason)).toEqual({ AuthenticationRequired: count });
  });

  test('a sandbox that is frozen in the middle of its probes marks none of 200 servers', async () => {
    vi.useRealTimers();
    await up();
    await spawnSweep('').report;
    const begin = fleet.requests();
    // Those that are asked before the freeze do not answer, nor the second request to them.
    let isFrozen = false;
    fleet.onRequest = (request, response) => {
      if (isFrozen && request.method === 'GET') ok(request, response);
    };
    const { child, report } = spawnSweep('');
    while (fleet.requests() - begin < 100) await wait(5);
    child.kill('SIGSTOP');
    isFrozen = true;
    // Longer than the deadline of every probe, and than a pause may be.
    await wait(4500);
    child.kill('SIGCONT');
    expect((await report).proberOffline).toContain('was interrupted for');
    expect(await fleet.count(state)).toEqual({ Connected: count });
    expect((await fleet.count(reason))['Timeout']).toBeUndefined();
  });
});

const noNamespace =
  spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
    ? ''
    : ' (skipped: only root may make a network namespace)';

describe.skipIf(noNamespace !== '')(`the network${noNamespace}`, () => {
  const script = fileURLToPath(new URL('../world/network-loss.ts', import.meta.url));
  test.each(['unplugged', 'blackhole'])(
    'that is %s in the middle marks none of 500 servers, neither then nor in the next sweep',
    async (kind) => {
      const { stdout } = await promisify(execFile)('unshare', [
        '--net',
        'sh',
        '-c',
        'ip link set lo up && exec "$0" "$@"',
        process.execPath,
        script,
        kind,
      ]);
      const states = { Connected: 500 };
      const [before, during, after] = JSON.parse(stdout);
      expect(before).toMatchObject({ proberOffline: '', written: 500, states });
      expect(during).toMatchObject({ states });
      expect(during.proberOffline).toMatch(/^\d+ of 500 servers that were reachable \(10 hosts\)/);
      expect(after).toMatchObject({ written: 0, states });
      expect(after.proberOffline).toMatch(/^all 500 servers that were reachable/);
    },
  );
});

describe('the clock', () => {
  test.each([
    ['forward by an hour', 3_600_000],
    ['back by an hour', -3_600_000],
  ])('that jumps %s in the middle marks none of 200 servers', async (_what, jumpMs) => {
    // Long enough for the last request to come, also beside other tests.
    await up({ timeoutSeconds: 3 });
    await sweepOf()(tick);
    later(tickMs);
    // What hangs while the clock is set has no answer within its time, and no verdict.
    const begin = fleet.requests();
    fleet.onRequest = (request, response) => {
      const number = fleet.requests() - begin;
      if (number <= count - 20) return ok(request, response);
      if (number === count) later(jumpMs);
      return undefined;
    };
    const report = await sweepOf()(tick);
    expect(report.proberOffline).toContain('its clock was set');
    expect(await fleet.count(state)).toEqual({ Connected: count });
    fleet.onRequest = ok;
    await sweepOf()(tick);
    expect(await fleet.count(reason)).toEqual({ AuthenticationRequired: count });
  });
});
