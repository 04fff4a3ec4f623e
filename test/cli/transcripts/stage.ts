/** The local world, and three people in front of its endpoint. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../../functions/model/version.ts';
import { ada, grace } from '../../../local/issuer.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { browserOf } from '../../world/browser.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from '../run.ts';
import type { Typed } from './scenes.ts';

export type Stage = {
  readonly world: World;
  /** Runs one line. */
  readonly type: (typed: Typed, environment?: Readonly<Record<string, string>>) => Promise<Ended>;
  /** The text without what differs between two runs. `ports` has those that it has met so far. */
  readonly masked: (text: string, ports: Map<string, string>) => string;
  readonly close: () => Promise<void>;
};

export async function startStage(): Promise<Stage> {
  const [file, world, box] = await Promise.all([
    buildMuster(),
    startWorld(),
    mkdtemp(join(tmpdir(), 'muster-stage-')),
  ]);
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
  const homes = { ada: join(box, 'ada'), grace: join(box, 'grace'), nobody: join(box, 'nobody') };
  await Promise.all(Object.values(homes).map((home) => mkdir(home)));
  const type: Stage['type'] = ({ line, as = 'ada' }, environment = {}) =>
    runMuster(file, line.replaceAll('ENDPOINT', world.url), {
      endpoint: world.url,
      home: homes[as],
      environment,
      ...(as === 'nobody'
        ? { alone: true }
        : { onAddress: (address) => browserOf(as === 'ada' ? ada : grace).visit(address) }),
    });
  for (const line of ['auth login', 'auth login --server server-a'])
    if ((await type({ line })).code !== 0) throw new Error(`muster ${line} failed.`);
  return {
    world,
    type,
    masked: (text, ports) => {
      ports.set(new URL(world.url).port, '8787');
      const installed = text
        .replaceAll(process.execPath, '/usr/bin/node')
        .replaceAll(file, '/usr/lib/node_modules/muster-serverless/dist/muster.cjs');
      return masked(installed.replaceAll(box, '/home'), ports);
    },
    close: async () => {
      await Promise.all([world.close(), removeMuster(file), rm(box, { recursive: true })]);
    },
  };
}

/** Free ports are numbered in order; what is measured or made up anew is named. */
function masked(text: string, ports: Map<string, string>): string {
  const named = text
    .replace(/\b(127\.0\.0\.1|localhost):(\d{4,5})\b/g, (_, host: string, port: string) => {
      const name = ports.get(port) ?? String(40_000 + ports.size);
      ports.set(port, name);
      return `${host}:${name}`;
    })
    .replace(/(\/auth)\?[^\s"]+/g, '$1?...')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\d(?= \d\d:)/g, 'DATE')
    .replace(/\b\d\d:\d\d:\d\d\b/g, 'HH:MM:SS')
    .replace(/(?<= {3})\d+[smhd](?= {3})/g, 'AGE')
    .replace(/(?<=after )\d+s/g, 'Ns')
    .replace(/eyJ[\w-]{10,}(\.[\w-]+)*/g, 'TOKEN')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
    // In YAML, one that begins as a number is quoted.
    .replace(/^uid: "UID"$/gm, 'uid: UID')
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, 'THUMBPRINT')
    .replace(/^[\w-]{12}(?= {3})/gm, 'THUMBPRINT12')
    .replace(/(?<= *)\b\d+(\.\d+)? ms\b/g, 'N ms')
    .replace(/"ms": [\d.]+/g, '"ms": N')
    .replace(/\b(?:less than a minute|\d+ (?:second|minute|hour|day)s?)\b/g, 'SPAN')
    .replaceAll(process.versions.node, 'NODE')
    .replaceAll(`${process.platform}-${process.arch}`, 'PLATFORM')
    .replaceAll(version, 'VERSION');
  // The width of a column of times depends on them.
  return named.includes('SPAN') ? named.replace(/(?<=\S) {3,}/g, '   ') : named;
}
