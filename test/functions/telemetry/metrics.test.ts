import { afterEach, expect, test, vi } from 'vitest';
import { publishSweep } from '../../../functions/telemetry/metrics.ts';
import {
  connectedReasons,
  failedReasons,
  failingReasons,
} from '../../../functions/model/mcpserver.ts';
import type { SweepReport } from '../../../functions/telemetry/report.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const aReport = (report: Partial<SweepReport> = {}): SweepReport => ({
  message: 'sweep',
  trace: 'sweep-2026-01-01T00:00:00Z',
  tick: '2026-01-01T00:00:00Z',
  hop: 0,
  ms: 1200,
  probed: 3,
  written: 1,
  conflicts: 2,
  lagMs: 900,
  outcomes: { Responded: 2, Timeout: 1 },
  problems: [{ namespace: 'default', name: 'a-name-of-a-server', message: 'something' }],
  malformed: ['default/another-name: spec.url'],
  ...report,
});

/** What is written to the log, one object a line. */
function published(report: SweepReport): readonly Record<string, unknown>[] {
  const lines: string[] = [];
  // Powertools writes to a console of its own, past the one that tests may listen to.
  vi.spyOn(process.stdout, 'write').mockImplementation(
    (chunk) => lines.push(...String(chunk).split('\n').filter(Boolean)) > 0,
  );
  publishSweep('muster-test', report);
  return lines.map((line) => JSON.parse(line));
}

test('a sweep becomes metrics in the log, with the reasons as the only label besides the service', () => {
  const [sweep, ...outcomes] = published(aReport());
  expect(sweep).toMatchObject({
    service: 'sweep',
    SweepCount: 1,
    SweepMs: 1200,
    LagMs: 900,
    ProbeCount: 3,
    WriteCount: 1,
    ConflictCount: 2,
    MalformedCount: 1,
  });
  expect(outcomes).toMatchObject([
    { Reason: 'Responded', OutcomeCount: 2 },
    { Reason: 'Timeout', OutcomeCount: 1 },
  ]);
});

test('no name of a server is in them', () => {
  expect(JSON.stringify(published(aReport()))).not.toMatch(/a-name-of-a-server|another-name/);
});

test('all labels together are few', () => {
  const reasons = [...connectedReasons, ...failedReasons, ...failingReasons, 'Undecided'];
  const lines = published(
    aReport({ outcomes: Object.fromEntries(reasons.map((reason) => [reason, 1])) }),
  );
  expect(lines).toHaveLength(1 + reasons.length);
  expect(reasons.length).toBeLessThan(30);
});

test('a truncated sweep and a runner that dropped its page are counted, the sweep is not', () => {
  const { probed: _probed, ...dropped } = aReport({ ended: 'dropped' });
  expect(published(dropped)[0]).toMatchObject({ SweepCount: 0, SweepTruncatedCount: 1 });
});
