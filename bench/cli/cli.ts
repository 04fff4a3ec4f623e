/**
 * How long people wait for the command line: whole processes, in turn, beside a bare Node, the
 * smallest Node program that asks the same endpoint, and kubectl with the same list from the same
 * cluster. The endpoint is in another process. BASELINE=FILE adds another build of the command line.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { bundle } from '../../cli/package/bundle.ts';
import { demoPersons, viewAs } from '../../local/demo-person.ts';
import { helper } from '../laps.ts';
import type { Aim, Part, Peer, Result, Row, Size } from '../part.ts';
import { peerProgram } from '../peers.ts';
import { contendersIn, type Endpoint, few, ofBaseline, type Setting } from './cli-contenders.ts';
import { wholeProcess } from './whole-process.ts';

export const part: Part = { name: 'cli', title: 'Command line', measure };

const sizes = {
  full: { rounds: 25, warmUps: 2, servers: 5_000 },
  small: { rounds: 2, warmUps: 0, servers: 50 },
} as const;

async function measure(size: Size): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const muster = join(folder, 'muster.cjs');
  const file = fileURLToPath(new URL('./cli-world.ts', import.meta.url));
  const { servers } = sizes[size];
  const [world] = await Promise.all([helper(file, { args: [String(servers)] }), bundle(muster)]);
  try {
    const told = worldSchema.parse(world.told);
    const [small, large] = [
      await written(join(folder, 'small.yaml'), told.small),
      await written(join(folder, 'large.yaml'), told.large),
    ];
    await viewAs(demoPersons.ada, { endpoint: small.url, folder });
    return await measured({ folder, muster, small, large, ...sizes[size] });
  } finally {
    world.end();
    await rm(folder, { recursive: true, force: true });
  }
}

const endpointSchema = z.object({ url: z.string(), kubeconfig: z.string() });
const worldSchema = z.object({ small: endpointSchema, large: endpointSchema });

/** With its kubeconfig as a file. */
async function written(
  file: string,
  { url, kubeconfig }: z.infer<typeof endpointSchema>,
): Promise<Endpoint> {
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return { url, kubeconfig: file };
}

async function measured(setting: Setting): Promise<Result> {
  const { folder, rounds, warmUps, servers } = setting;
  const kubectl = peerProgram('kubectl');
  const contenders = contendersIn(setting, kubectl.kind === 'found' ? kubectl.command : undefined);
  const laps = new Map(contenders.map(({ key }) => [key, { ms: aList(), cpuMs: aList() }]));
  // The first ones warm the disk cache, and the discovery cache of kubectl.
  for (let round = -warmUps; round < rounds; round += 1)
    for (const { key, isLong, ...command } of contenders) {
      // An endpoint answers 300 lists without a token a minute, and a baseline may ask page by page.
      if (isLong && round % 3 !== 0) continue;
      const { ms, cpuMs } = await wholeProcess(command, folder);
      if (round < 0) continue;
      laps.get(key)?.ms.push(ms);
      if (cpuMs !== undefined) laps.get(key)?.cpuMs.push(cpuMs);
    }

  const peer = (name: string, key: string, aim?: Aim): readonly Peer[] => {
    const { ms = [] } = laps.get(key) ?? {};
    return ms.length === 0 ? [] : [{ name, rounds: ms, ...(aim === undefined ? {} : { aim }) }];
  };
  const kubectlName = kubectl.kind === 'found' ? kubectl.name : 'kubectl';
  const bare = (): readonly Peer[] => peer('bare Node', 'bare', { atMost: 1.5 });
  const smallest = 'smallest program with that request';
  const row = (measure: string, key: string, ...peers: readonly Peer[]): Row => ({
    measure,
    unit: 'ms',
    rounds: laps.get(key)?.ms ?? [],
    peers: [...peers, ...peer('baseline', `${key}${ofBaseline}`)],
  });
  /** One value for all rounds: the system counts in steps of 10 ms. */
  const cpuRow = (
    measure: string,
    key: string,
    others: Readonly<Record<string, string>>,
  ): Row[] => {
    const means = (of: string): readonly number[] => {
      const { cpuMs = [] } = laps.get(of) ?? {};
      return cpuMs.length === 0 ? [] : [cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length];
    };
    const own = means(key);
    const peers = Object.entries({ ...others, baseline: `${key}${ofBaseline}` }).map(
      ([name, of]) => ({ name, rounds: means(of) }),
    );
    return own.length === 0
      ? []
      : [
          {
            measure: `${measure}: CPU`,
            unit: 'CPU ms',
            rounds: own,
            peers: peers.filter(({ rounds }) => rounds.length > 0),
          },
        ];
  };
  const names = {
    list: `muster list, ${String(few)} servers`,
    many: `muster list, ${servers.toLocaleString('en')} servers`,
  };
  return {
    rows: [
      row('muster --version', 'version', ...bare()),
      row(
        names.list,
        'list',
        ...bare(),
        ...peer(smallest, 'smallest'),
        ...peer(kubectlName, 'kubectl', { atMost: 1 }),
      ),
      row(`${names.list}, signed in`, 'signed in', ...bare()),
      row('muster auth status', 'status', ...bare()),
      row(
        names.many,
        'many',
        ...peer(kubectlName, 'kubectl many', { atMost: 1 }),
        ...peer(smallest, 'smallest many'),
      ),
      ...cpuRow(names.list, 'list', {
        'bare Node': 'bare',
        [smallest]: 'smallest',
        [kubectlName]: 'kubectl',
      }),
      ...cpuRow(names.many, 'many', {
        [smallest]: 'smallest many',
        [kubectlName]: 'kubectl many',
      }),
    ],
    missing: kubectl.kind === 'missing' ? [kubectl.how] : [],
    notes: [
      'Each is a process of its own, from its start to the end of its output.',
      'kubectl asks the cluster. muster and the smallest program ask the endpoint, which asks that cluster.',
      'CPU is that of the process alone, without the endpoint and the cluster, as a mean of all rounds.',
    ],
  };
}

const aList = (): number[] => [];
