/**
 * The explorer's third question, against sweeps over real servers that answered something else
 * before, and the built command line.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { ada } from '../../local/issuer.ts';
import { startWorld } from '../../local/world.ts';
import type { AnswerName } from '../../site/src/explorer/answers.ts';
import { show } from '../../site/src/explorer/cases.ts';
import { type Before, firstChoice, times } from '../../site/src/explorer/choice.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { aManifest } from '../world/manifest.ts';
import {
  rpcResult,
  type Script,
  type ScriptedAnswer,
  scriptedServer,
} from '../world/scripted-server.ts';

const both = (answer: ScriptedAnswer): Script => ({ get: answer, post: answer });
const asksForSignIn = both({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
const open: Script = { get: { status: 200 }, post: rpcResult };

/** How a server gives the answers of the explorer. */
const scripts = {
  '200': open,
  '401': asksForSignIn,
  '403': both({ status: 403 }),
  '404': both({ status: 404 }),
  '429': both({ status: 429, headers: { 'retry-after': '120' } }),
  '500': both({ status: 500 }),
  '503': both({ status: 503 }),
  reset: both('reset'),
  silent: both('silent'),
} as const satisfies Partial<Record<AnswerName, Script>>;

type Case = { readonly before: Exclude<Before, 'nothing'>; readonly answer: keyof typeof scripts };

const cases: readonly Case[] = [
  ...(['200', '403', '404', '429', '500', '503', 'reset', 'silent'] as const).map((answer) => ({
    before: '401' as const,
    answer,
  })),
  // Where the sweep looks again only twice a day, no answer here depends on that moment.
  ...(['401', '429', '500', '503', 'reset'] as const).map((answer) => ({
    before: '200' as const,
    answer,
  })),
];
const nameOf = ({ before, answer }: Case): string => `before-${before}-now-${answer}`;

const listed = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      state: z.optional(z.string()),
      reason: z.optional(z.string()),
      session: z.optional(z.object({ status: z.string() })),
    }),
  ),
});
type Seen = z.infer<typeof listed>['items'][number];

const ending: (() => Promise<unknown>)[] = [];
/** By how often the second answer was given, from once. */
let seen: readonly (readonly Seen[])[];

beforeAll(async () => {
  const muster = await buildMuster();
  const folder = await mkdtemp(join(tmpdir(), 'muster-before-'));
  ending.push(
    () => removeMuster(muster),
    () => rm(folder, { recursive: true }),
  );
  let isBefore = true;
  const servers = await Promise.all(
    cases.map(async ({ before, answer }) => {
      const present = (): Script => scripts[isBefore ? before : answer];
      return scriptedServer({
        get get() {
          return present().get;
        },
        get post() {
          return present().post;
        },
      });
    }),
  );
  ending.push(...servers.map(({ close }) => close));
  const file = join(folder, 'servers.yaml');
  const manifests = cases.map((one, index) =>
    aManifest({
      name: nameOf(one),
      spec: { type: 'streamable-http', url: servers[index]?.url, timeout: 1 },
    }),
  );
  await writeFile(file, manifests.map((manifest) => stringify(manifest)).join('---\n'));
  const world = await startWorld({ servers: file });
  ending.push(world.close);
  const type = (line: string) =>
    runMuster(muster, line, {
      endpoint: world.url,
      home: folder,
      onAddress: (address) => browserOf(ada).visit(address),
    });
  await world.sweep({ everything: true });
  isBefore = false;
  const { code, stderr } = await type('auth login');
  if (code !== 0) throw new Error(`The sign-in failed: ${stderr}`);
  const rounds: (readonly Seen[])[] = [];
  for (const _ of times) {
    await world.sweep({ everything: true });
    rounds.push(listed.parse(JSON.parse((await type('list mcpserver -o json')).stdout)).items);
  }
  seen = rounds;
}, 120_000);
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
});

describe.each(times)('after %i in a row', (count) => {
  test.each(cases)('before $before, now $answer', ({ before, answer }) => {
    const { state, reason, session } = show({ ...firstChoice, before, answer, times: count });
    const row = seen[count - 1]?.find(({ name }) => name === nameOf({ before, answer }));
    expect({ state, reason, session: session?.status }).toEqual({
      state: row?.state,
      reason: row?.reason,
      session: row?.session?.status,
    });
  });
});

test('a server that asked for a sign-in still does when it answers 500', () => {
  const { session } = show({ ...firstChoice, before: '401', answer: '500' });
  expect(session?.status).toBe('Pending Auth');
  expect(show({ ...firstChoice, answer: '500' }).session?.status).toBe('-');
});

test('a server that spoke MCP and now answers 404 is asked again only when that is due', () => {
  const { reason } = show({ ...firstChoice, before: '200', answer: '404' });
  expect(reason).toBe('Responded');
  expect(show({ ...firstChoice, answer: '404' }).reason).toBe('EndpointNotFound');
});
