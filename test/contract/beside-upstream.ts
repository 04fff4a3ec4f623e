/**
 * Minutes beside a writer that behaves as giantswarm/muster 5.28 does, in compressed time: sixteen
 * kinds of server, the sweep each minute, the other writer every 15 s. The same suite runs on the
 * embedded and on the real API server, with both CRDs.
 */
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import {
  pageLister,
  serverReader,
  statusPatcher,
} from '../../functions/adapters/cluster/kubernetes.ts';
import { prober } from '../../functions/adapters/mcp/probe.ts';
import { conditionOf, type McpServer } from '../../functions/model/mcpserver.ts';
import type { Row } from '../../functions/model/wire/server-wire.ts';
import type { EventRecord } from '../../functions/reachability/event-records.ts';
import { noOutbox } from '../../functions/reachability/state-changes.ts';
import { type PagePorts, sweepPage } from '../../functions/reachability/sweep-page.ts';
import { rowOf } from '../../functions/sessions/row.ts';
import { createConnector } from '../../functions/wiring/network-client.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aManifest } from '../world/manifest.ts';
import { type Send, serversPath, upstreamWriter } from '../world/upstream-writer.ts';

export type OpenedCluster = {
  readonly kubeconfig: string;
  /** With all rights. */
  readonly send: Send;
  readonly close: () => Promise<void>;
};

const dyingMinute = 5;
const minutes = 30;
const heartbeatMs = 300_000;

type Case = {
  /** The answer to every request, by the minute; undefined: nothing listens there. */
  readonly answer?: (minute: number) => number | 'html' | 'mcp';
  readonly spec?: object;
  /** STATE that the list shows from the fourth minute on. */
  readonly shows: (minute: number) => string | undefined;
  /** Whether its word differs from our verdict at some time. */
  readonly isContended: boolean;
};

const always =
  <Value>(value: Value) =>
  (): Value =>
    value;
const exchange = { enabled: true, dexTokenEndpoint: 'https://dex.example.com/token' };
const up = { shows: always('Connected'), isContended: true } as const;
const down = { shows: always('Failed'), isContended: true } as const;
const cases: Readonly<Record<string, Case>> = {
  oauth: { answer: always(401), ...up },
  forwarding: { answer: always(401), spec: { auth: { forwardToken: true } }, ...up },
  exchanging: { answer: always(401), spec: { auth: { tokenExchange: exchange } }, ...up },
  open: { answer: always('mcp'), ...up, isContended: false },
  missing: { answer: always(404), ...up },
  forbidden: { answer: always(403), ...up },
  limited: { answer: always(429), ...up },
  broken: { answer: always(500), ...up },
  html: { answer: always('html'), ...up },
  idle: { answer: always(401), spec: { autoStart: false }, ...up },
  // giantswarm/muster#999, #1187: a server that dies after it was connected stays `Connected`.
  mortal: {
    shows: (minute) => (minute < dyingMinute ? 'Connected' : undefined),
    isContended: true,
  },
  // It stays `Auth Required` there, whatever it answers later.
  flapping: {
    answer: (minute) => (minute % 2 === 0 ? 401 : 503),
    shows: (minute) => (minute % 2 === 0 ? 'Connected' : 'Connecting'),
    isContended: true,
  },
  gateway: { answer: always(503), ...down },
  refusing: { ...down },
  // Both say `Failed` at once, and for good.
  tls: { ...down, isContended: false },
  suspended: {
    answer: always(401),
    spec: { suspended: true },
    shows: always(undefined),
    isContended: false,
  },
  stdio: { spec: { type: 'stdio' }, shows: always('Running'), isContended: false },
};
const names = Object.keys(cases);
const probed = names.filter((name) => name !== 'suspended' && name !== 'stdio');

/** The tests, on the cluster that `open` gives. */
export function besideUpstream(open: () => Promise<OpenedCluster>): void {
  let cluster: OpenedCluster;
  let target: Listening;
  let mortal: Listening | undefined;
  let minute = 0;
  let ports: PagePorts;
  let upstream: ReturnType<typeof upstreamWriter>;
  const start = Date.UTC(2026, 0, 1);
  let clock = start;
  const events: EventRecord[] = [];
  const writes = new Map<string, number>();
  const problems: string[] = [];
  /** Rows that did not show our verdict. */
  const wrong: string[] = [];

  const list = async (): Promise<readonly McpServer[]> => {
    const listed = await pageLister(connectCluster(cluster))({ limit: 500 });
    if (listed.kind === 'expired') throw new Error('The list expired.');
    expect(listed.page.malformed).toEqual([]);
    return listed.page.servers;
  };
  const rows = async (): Promise<readonly Row[]> =>
    (await list()).map((server) =>
      rowOf(server, { anonymous: false, now: new Date(clock), heartbeatMs }),
    );

  const sweep = async (): Promise<void> => {
    const report = await sweepPage(await list(), ports, {
      tick: new Date(clock),
      tickMs: 60_000,
      heartbeatMs,
      contendedState: 'yield',
      concurrency: 20,
      everything: false,
    });
    problems.push(...report.problems.map(({ name, message }) => `${name}: ${message}`));
  };

  const lookAt = async (): Promise<void> => {
    for (const { name, state } of await rows()) {
      const wanted = expectedOf(name, minute);
      if (wanted !== undefined && !wanted.includes(state))
        wrong.push(`minute ${minute}: ${name} shows ${state}`);
    }
  };

  beforeAll(async () => {
    cluster = await open();
    target = await listen(
      createServer((request, response) => {
        const name = request.url?.split('/')[1] ?? '';
        const answer = cases[name]?.answer?.(minute) ?? 404;
        if (answer === 'mcp') response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
        else if (answer === 'html') response.end('<!doctype html><title>Hello</title>');
        else response.writeHead(answer).end();
      }),
    );
    mortal = await listen(
      createServer((_request, response) => response.end('{"jsonrpc":"2.0","id":1,"result":{}}')),
    );
    const urls: Readonly<Record<string, string>> = {
      mortal: `${mortal.url}/mcp`,
      refusing: 'http://127.0.0.1:9/mcp',
      tls: `${target.url.replace('http:', 'https:')}/tls/mcp`,
    };
    for (const name of names) {
      const remote = { type: 'streamable-http', url: urls[name] ?? `${target.url}/${name}/mcp` };
      const base = name === 'stdio' ? { command: 'true' } : { ...remote, autoStart: true };
      const { code, body } = await cluster.send(
        'POST',
        serversPath,
        aManifest({ name, spec: { ...base, ...cases[name]?.spec } }),
      );
      expect({ name, code, body }).toMatchObject({ code: 201 });
    }
    const connection = connectCluster(cluster);
    const patchStatus = statusPatcher(connection);
    ports = {
      now: () => new Date(clock),
      probe: prober(createConnector({ dnsServers: [], allowLocal: true, guardAllow: [] })),
      patchStatus: async (server, next) => {
        writes.set(server.name, (writes.get(server.name) ?? 0) + 1);
        return patchStatus(server, next);
      },
      readServer: serverReader(connection),
      publish: async () => [],
      outbox: noOutbox,
      keepChanges: async () => undefined,
      recordEvents: async (records) => {
        events.push(...records);
        return { count: 0 };
      },
      isOnline: async () => true,
      backOff: async () => undefined,
    };
    upstream = upstreamWriter(cluster.send);
    for (minute = 0; minute < minutes; minute += 1) {
      if (minute === dyingMinute) await mortal?.close();
      upstream.use('exchanging', minute >= 8 && minute < 16);
      await sweep();
      await lookAt();
      for (const second of [5, 20, 35, 50]) {
        clock = start + minute * 60_000 + second * 1000;
        await upstream.actAt(new Date(clock));
        await lookAt();
      }
      clock = start + (minute + 1) * 60_000;
    }
  }, 240_000);
  afterAll(async () => {
    await target?.close();
    await cluster?.close();
  });

  test('the list showed our verdict at each moment, whatever was in state', async () => {
    expect(wrong).toEqual([]);
    expect(problems).toEqual([]);
    const states = new Map((await list()).map(({ name, status }) => [name, status.state]));
    // It is a test only if the other writer had its word there.
    expect(states.get('mortal')).toBe('Connected');
    expect(states.get('forwarding')).toBe('Awaiting Session');
    expect(states.get('missing')).toBe('Failed');
  });

  test('a suspended server is neither probed nor written, and its row says why', async () => {
    expect(writes.has('suspended')).toBe(false);
    const row = (await rows()).find(({ name }) => name === 'suspended');
    expect(row).toMatchObject({ reason: 'Suspended', stale: false });
    expect(row).not.toHaveProperty('state');
  });

  test('the conditions of both writers survive', async () => {
    for (const { name, status } of await list()) {
      if (!probed.includes(name)) continue;
      const types = status.conditions.map(({ type }) => type);
      expect([name, types]).toEqual([name, expect.arrayContaining(['Ready', 'Reachable'])]);
      expect(new Set(types).size).toBe(types.length);
    }
  });

  test('what only the other writer knows survives our writes', async () => {
    const { body } = await cluster.send('GET', `${serversPath}/gateway`);
    expect(body).toMatchObject({ status: { lastFailureHTTPStatus: 503 } });
    expect((await cluster.send('GET', `${serversPath}/suspended`)).body).toMatchObject({
      spec: { suspended: true },
    });
  });

  test('contention is announced once for each server, and never called over', () => {
    const announced = events.filter(({ reason }) => reason === 'OtherWriter');
    expect(announced.map(({ server }) => server.name).sort()).toEqual(
      names.filter((name) => cases[name]?.isContended === true).sort(),
    );
    expect(events.filter(({ reason }) => reason === 'OnlyWriter')).toEqual([]);
  });

  test('no writer answers each write of the other: both stay within their own pace', () => {
    const quiet = ['oauth', 'forwarding', 'missing', 'forbidden', 'html', 'idle', 'open'];
    for (const name of quiet) {
      // The first verdict, the contention, six heartbeats, and the hour.
      expect([name, writes.get(name) ?? 0]).toEqual([name, atMost(9)]);
    }
    for (const name of quiet.filter((one) => one !== 'open'))
      expect([name, upstream.writes.get(name) ?? 0]).toEqual([name, atMost(3)]);
    for (const name of probed)
      expect([name, writes.get(name) ?? 0]).toEqual([name, atMost(minutes + 1)]);
    // A Connected server every 30 s, as it does alone.
    expect([...upstream.writes.values()].every((count) => count <= 2 * minutes + 2)).toBe(true);
  });

  test('after the other writer has gone, our word is there within an hour, announced once', async () => {
    events.length = 0;
    const settled = names.filter(
      (name) => cases[name]?.isContended === true && name !== 'flapping',
    );
    for (let more = 0; more < 75; more += 1, minute += 1, clock += 60_000) await sweep();
    for (const { name, status } of await list()) {
      if (!settled.includes(name)) continue;
      expect([name, status.state]).toEqual([name, finalStateOf(name)]);
      expect([name, conditionOf(status, 'StateContended')?.status]).toEqual([name, 'False']);
    }
    const over = events.filter(({ reason }) => reason === 'OnlyWriter');
    expect(over.map(({ server }) => server.name).sort()).toEqual([...settled].sort());
  }, 120_000);
}

const atMost = (most: number): unknown =>
  expect.toSatisfy((count: unknown) => z.number().parse(count) <= most, `at most ${most}`);

const finalStateOf = (name: string): string =>
  name === 'mortal' ? 'Failed' : (cases[name]?.shows(0) ?? '');

/** What the row may show at a minute; undefined while that is not decided yet. */
function expectedOf(name: string, minute: number): readonly (string | undefined)[] | undefined {
  if (name === 'mortal' && minute >= dyingMinute)
    return minute < dyingMinute + 9 ? ['Connecting', 'Failed'] : ['Failed'];
  if (minute < 4 && cases[name]?.shows(minute) === 'Failed') return ['Connecting', 'Failed'];
  // Its word is all there is until it has written for the first time.
  if (name === 'stdio' && minute === 0) return undefined;
  return [cases[name]?.shows(minute)];
}
