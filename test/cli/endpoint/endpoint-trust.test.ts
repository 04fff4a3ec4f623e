import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { requireTerminal, requireTrust } from '../../../cli/endpoint/endpoint-trust.ts';
import { readEndpoints } from '../../../cli/endpoint/trusted-endpoints.ts';
import type { Config } from '../../../functions/model/wire/person-wire.ts';

let environment: { XDG_CONFIG_HOME: string };
beforeEach(async () => {
  environment = { XDG_CONFIG_HOME: await mkdtemp(join(tmpdir(), 'muster-trust-')) };
  return () => rm(environment.XDG_CONFIG_HOME, { recursive: true });
});

const config: Config = {
  issuer: 'https://login.example.com',
  clientId: 'muster-cli',
  scopes: ['openid', 'email'],
};
const real = 'https://muster.example.com';
const lure = 'https://muster.evil.example';

/** A sign-in to this endpoint: what the person reads, how often they are asked, how it ends. */
async function trust(
  endpoint: string,
  { answer, facts = {} }: { answer?: boolean | undefined; facts?: Partial<Config> } = {},
): Promise<{ text: string; asked: number; error?: unknown }> {
  const lines: string[] = [];
  let asked = 0;
  const question = {
    endpoint,
    environment,
    info: (line: string) => void lines.push(line),
    confirm:
      answer === undefined
        ? undefined
        : () => {
            asked += 1;
            return Promise.resolve(answer);
          },
  };
  try {
    await requireTerminal(question);
    await requireTrust({ ...config, ...facts }, question);
    return { text: lines.join('\n'), asked };
  } catch (error) {
    return { text: lines.join('\n'), asked, error };
  }
}

const trusted = async (): Promise<readonly string[]> =>
  (await readEndpoints(environment, () => {})).endpoints.map(({ endpoint }) => endpoint);

test('the first sign-in to an endpoint asks once and shows host, issuer, client ID and scopes', async () => {
  expect(await trust(real, { answer: true })).toEqual({
    asked: 1,
    text: `This is your first sign-in to this endpoint.
  Endpoint:   https://muster.example.com
  Issuer:     https://login.example.com
  Client ID:  muster-cli
  Scopes:     openid email
Remembered as the context muster, the current one.`,
  });
  expect(await trust(real, { answer: false })).toEqual({ asked: 0, text: '' });
  expect(await trust(real)).toEqual({ asked: 0, text: '' });
  expect(await trusted()).toEqual([real]);
});

test('a person who does not confirm is not signed in, and nothing is remembered', async () => {
  const { error } = await trust(real, { answer: false });
  expect(error).toMatchObject({ exitCode: 3, message: expect.stringContaining(real) });
  expect(await trusted()).toEqual([]);
});

test('an endpoint with the issuer and client ID of a trusted one is shown with a warning', async () => {
  await trust(real, { answer: true });
  const { text } = await trust(lure, { answer: false });
  expect(text).toContain(
    `Warning:    ${real} has the same issuer and client ID. The owner of the new endpoint can use your token there.`,
  );
});

test('without a terminal an unknown endpoint is exit 1 with the command to run', async () => {
  expect((await trust(real)).error).toMatchObject({
    exitCode: 1,
    message: `You have never signed in to ${real}, and there is no terminal to ask you.`,
    hint: `If you trust it, run: muster context add muster ${real}`,
  });
  expect(await trusted()).toEqual([]);
});

test('without a terminal an endpoint on this machine is trusted, and one line says so', async () => {
  const facts = { issuer: 'http://127.0.0.1:9001' };
  expect(await trust('http://127.0.0.1:8787', { facts })).toEqual({
    asked: 0,
    text: 'First sign-in to http://127.0.0.1:8787. It is on this machine, so it is trusted (issuer http://127.0.0.1:9001, client ID muster-cli).\nRemembered as the context local, the current one.',
  });
});

test.each([
  ['issuer', { issuer: 'https://login.evil.example' }],
  ['client ID', { clientId: 'another' }],
])(
  'a trusted endpoint that names another %s is refused, with both and a command',
  async (_, facts) => {
    await trust(real, { answer: true });
    const named = { ...config, ...facts };
    for (const answer of [true, undefined])
      expect(await trust(real, { answer, facts })).toMatchObject({
        asked: 0,
        error: {
          exitCode: 3,
          message: `${real} now names the issuer ${named.issuer} and the client ID ${named.clientId}. You trusted the issuer ${config.issuer} and the client ID ${config.clientId}.`,
          hint: `If its owner confirms the change, run: muster context add muster ${real}`,
        },
      });
  },
);

test('a system of this machine that was started again is asked about again, not refused', async () => {
  const here = 'http://127.0.0.1:8787';
  await trust(here, { facts: { issuer: 'http://127.0.0.1:9001' } });
  expect(await trust(here, { facts: { issuer: 'http://127.0.0.1:9002' } })).not.toHaveProperty(
    'error',
  );
  expect(await trust(here, { facts: { issuer: 'https://login.evil.example' } })).toMatchObject({
    error: { exitCode: 3 },
  });
});

test('many sign-ins at the same time lose no endpoint', async () => {
  const many = Array.from({ length: 12 }, (_, index) => `https://m${String(index)}.example.com`);
  await Promise.all(many.map((endpoint) => trust(endpoint, { answer: true })));
  expect([...(await trusted())].sort()).toEqual([...many].sort());
});
