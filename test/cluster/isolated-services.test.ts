/**
 * The contract of `test/contract/service-proxy.test.ts` on a real API server. It connects to no
 * endpoint on loopback, so everything runs in a network namespace of its own, whose loopback
 * interface has an address for documentation (RFC 5737) as well.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import * as z from 'zod/mini';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const address = '198.51.100.1';

const isolated = (...command: readonly string[]) =>
  run(
    'unshare',
    [
      '--net',
      'sh',
      '-c',
      // kube-apiserver advertises the address of the default route.
      `ip link set lo up && ip address add ${address}/24 dev lo && ip route add default dev lo src ${address} && exec "$@"`,
      'sh',
      ...command,
    ],
    { cwd: root, env: { ...process.env, SERVICE_ADDRESS: address }, maxBuffer: 1 << 24 },
  );

const whyNot = await isolated('true').then(
  () => (inject('real')?.kind === 'own' ? undefined : 'there is no API server of our own'),
  () => 'only root may make a network namespace',
);

test.skipIf(whyNot !== undefined)(
  `the service proxy of a real API server is as we expect it${whyNot === undefined ? '' : ` (skipped: ${whyNot})`}`,
  { timeout: 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-service-proxy-'));
    const file = join(folder, 'report.json');
    await isolated(
      process.execPath,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config=vitest.cluster.config.ts',
      '--reporter=json',
      `--outputFile=${file}`,
      'test/contract/service-proxy.test.ts',
      'test/cluster/service-rights.test.ts',
    ).catch((error: unknown) => {
      // Where tests failed, the report says which.
      if (!(error instanceof Error)) throw error;
    });
    const report = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    await rm(folder, { recursive: true });
    expect(failuresIn(report)).toEqual([]);
    expect(report).toMatchObject({ numFailedTests: 0, numPendingTests: 0 });
    expect(report.numPassedTests).toBeGreaterThan(20);
  },
);

const reportSchema = z.object({
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(z.object({ failureMessages: z.array(z.string()) })),
    }),
  ),
});

const failuresIn = ({ testResults }: z.infer<typeof reportSchema>): readonly string[] =>
  testResults.flatMap(({ message, assertionResults }) => [
    ...(message === '' ? [] : [message]),
    ...assertionResults.flatMap(({ failureMessages }) => failureMessages),
  ]);
