import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { coldStart } from '../../bench/cold/one-cold-start.ts';
import { tokenOf } from '../../local/demo-person.ts';
import { ada } from '../../local/issuer.ts';
import { eventOf, startFunctionUrl } from '../../local/lambda.ts';
import { startWorld, type World } from '../../local/world.ts';
import { deployed, isMissing, projectFolder } from './deployed.ts';
import { artifacts } from './evaluate.ts';
import { type Bundled, startBundles } from './functions.ts';

describe.skipIf(isMissing)('the bundles that are deployed', () => {
  let world: World;
  let bundles: Bundled;
  const ending: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    world = await startWorld({
      settings: { PAGE_SIZE: '2' },
      functions: async (environment) => (bundles = await startBundles(environment)),
    });
    ending.push(() => world.close());
  });
  afterAll(async () => {
    for (const end of ending.toReversed()) await end();
  });

  test('sweep by the input of the recorded schedule, and go on by page messages of the recorded rule', async () => {
    const { target } = z
      .object({ target: z.object({ input: z.string() }) })
      .parse(deployed().inputs('Schedule', 'TickSchedule'));
    const due = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000Z', 'Z');
    const report = await bundles.sweep(
      JSON.parse(target.input.replace('<aws.scheduler.scheduled-time>', due)),
    );
    expect(report).toMatchObject({ tick: due, hop: 0, servers: 2, probed: 2, problems: [] });
    await world.bus.idle();
    const { eventPattern } = z
      .object({ eventPattern: z.string() })
      .parse(deployed().inputs('EventRule', 'BusSubscriberPagesRule'));
    const pattern = z
      .object({ source: z.array(z.string()), 'detail-type': z.array(z.string()) })
      .parse(JSON.parse(eventPattern));
    const pages = world.bus.events.filter(
      (event) =>
        pattern.source.includes(event.source) &&
        pattern['detail-type'].includes(event['detail-type']),
    );
    expect(pages).toMatchObject([{ version: '0', detail: { tick: due, hop: 1 } }]);
    const { items } = await world.list();
    expect(items.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'server-a Connected',
      'server-b Connected',
      'server-c Connecting',
      'server-d Connected',
    ]);
  });

  test('answer events of the endpoint', async () => {
    const answer = await fetch(`${world.url}/v1/mcpservers`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      items: [
        { name: 'server-a' },
        { name: 'server-b' },
        { name: 'server-c' },
        { name: 'server-d' },
      ],
    });
    expect(await (await fetch(`${world.url}/v1/me`)).json()).toMatchObject({ status: 401 });
  });

  const ofLambda = {
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };

  // Times depend on the machine: npm run bench -- cold.
  test('load less than 1 MB up to the first list, with a token as well, and 2 MB up to the end of a sweep', async () => {
    const environment = { ...world.environment, ...ofLambda };
    const { host } = new URL(world.url);
    const folder = await mkdtemp(join(tmpdir(), 'signed-in-'));
    ending.push(() => rm(folder, { recursive: true }));
    const token = await tokenOf(ada, { endpoint: world.url, folder });
    const list = (headers: Readonly<Record<string, string>>) =>
      coldStart(
        join(artifacts(projectFolder(), 'Api'), 'bundle.mjs'),
        eventOf({ method: 'GET', url: '/v1/mcpservers', host, headers }),
        environment,
      );
    const anonymous = await list({});
    expect(anonymous).toMatchObject({ status: 200 });
    expect(anonymous.kb).toBeLessThan(1000);
    const signedIn = await list({ authorization: `Bearer ${token}` });
    expect(signedIn).toMatchObject({ status: 200 });
    expect(signedIn.kb).toBeLessThan(1000);
    // The table is loaded for a person, and for nobody else.
    expect(signedIn.kb).toBeGreaterThan(anonymous.kb);
    const { kb } = await coldStart(
      join(artifacts(projectFolder(), 'Sweep'), 'bundle.mjs'),
      { kind: 'tick', at: new Date().toISOString(), everything: true },
      environment,
    );
    expect(kb).toBeLessThan(2000);
  });

  test('fail a poisoned event by its name, and take the next one', async () => {
    await expect(bundles.sweep({ kind: 'tock' })).rejects.toThrow();
    await expect(
      bundles.sweep({ kind: 'tick', at: new Date().toISOString(), everything: true }),
    ).resolves.toMatchObject({ hop: 0 });
    await world.bus.idle();
  });

  test('know their own address by the event where none is set', async () => {
    const alone = await startBundles({ ...world.environment, PUBLIC_URL: undefined });
    const { url, port, close } = await startFunctionUrl({ handler: alone.api });
    ending.push(alone.close, close);
    const answer = await fetch(`${url}/.well-known/oauth-protected-resource`);
    expect(await answer.json()).toMatchObject({ resource: `https://127.0.0.1:${port}` });
  });
});
