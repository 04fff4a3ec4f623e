import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoPersons, viewAs } from '../../local/demo-person.ts';
import { startWorld } from '../../local/world.ts';

test('each person of the demo sees their own SESSION, and the same STATE', async () => {
  const world = await startWorld();
  const folder = await mkdtemp(join(tmpdir(), 'muster-demo-'));
  try {
    for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
    const [ada, grace] = await Promise.all([
      viewAs(demoPersons.ada, { endpoint: world.url, folder: join(folder, 'ada') }),
      viewAs(demoPersons.grace, { endpoint: world.url, folder: join(folder, 'grace') }),
    ]);
    const sessions = ({ rows }: typeof ada) => rows.map(({ session }) => session?.status);
    expect(sessions(ada)).toEqual(['Authenticated', 'Pending Auth', '-', '-']);
    expect(sessions(grace)).toEqual(['Pending Auth', 'Authenticated', '-', '-']);
    const states = ({ rows }: typeof ada) => rows.map(({ state }) => state);
    expect(states(ada)).toEqual(['Connected', 'Connected', 'Failed', 'Connected']);
    expect(states(grace)).toEqual(states(ada));
  } finally {
    await world.close();
    await rm(folder, { recursive: true });
  }
});
