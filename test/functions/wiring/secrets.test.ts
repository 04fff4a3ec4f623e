import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogLine } from '../../../functions/model/log-line.ts';
import { secretsOfApi } from '../../../functions/model/secret-names.ts';
import type { Environment } from '../../../functions/model/setting-reader.ts';
import { SettingError } from '../../../functions/model/setting-reader.ts';
import { readTokenKeys } from '../../../functions/settings.ts';
import { madeFromSecrets, type ReadAgain } from '../../../functions/wiring/secrets.ts';
import { startParameters, type TestParameters } from '../../world/parameter-store.ts';

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64url')}`;
const keysAt = '/muster/ada/TokenKeys';
const clientsAt = '/muster/ada/OauthClients';
const kubeconfigAt = '/muster/ada/Kubeconfig';

let store: TestParameters;
let now: Date;
let lines: LogLine[];

beforeEach(async () => {
  store = await startParameters({ [keysAt]: key('k1'), [kubeconfigAt]: 'apiVersion: v1' });
  now = new Date('2026-01-01T00:00:00Z');
  lines = [];
});
afterEach(() => store.close());

const later = (seconds: number): void => {
  now = new Date(now.getTime() + seconds * 1000);
};

const onEks = { EKS_CLUSTER: 'mine' };

function app(environment: Environment = {}) {
  return madeFromSecrets({
    environment: {
      SECRETS_PATH: '/muster/ada',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SSM: store.url,
      ...environment,
    },
    namesFor: secretsOfApi,
    make: (settings, readAgain?: ReadAgain) => ({
      settings,
      keys: readTokenKeys(settings),
      readAgain,
    }),
    log: (line) => lines.push(line),
    now: () => now,
  });
}

describe('the secrets of a function', () => {
  test('stand for the settings that they are elsewhere', async () => {
    store.values.set(clientsAt, '[]');
    const { settings } = await app()();
    expect(settings).toMatchObject({
      TOKEN_KEYS: store.values.get(keysAt),
      KUBECONFIG_YAML: 'apiVersion: v1',
      OAUTH_CLIENTS: '[]',
    });
    expect(store.asked).toEqual([[kubeconfigAt, clientsAt, keysAt]]);
  });

  test('are only those that it may read: on EKS there is no kubeconfig', async () => {
    const { settings } = await app(onEks)();
    expect(settings).not.toHaveProperty('KUBECONFIG_YAML');
    expect(store.asked).toEqual([[clientsAt, keysAt]]);
  });

  test('are read once for requests at the same time, and not again for five minutes', async () => {
    const made = app();
    const [first, second] = await Promise.all([made(), made()]);
    expect(second).toBe(first);
    later(299);
    expect(await made()).toBe(first);
    expect(store.asked).toHaveLength(1);
    later(1);
    expect(await made()).toBe(first);
    expect(store.asked).toHaveLength(2);
    expect(lines).toEqual([]);
  });

  test('are rotated without a deployment, and the log names what changed, never a value', async () => {
    const made = app();
    const before = await made();
    const rotated = `${key('k2')},${store.values.get(keysAt)}`;
    store.values.set(keysAt, rotated);
    later(300);
    const after = await made();
    expect(after).not.toBe(before);
    expect(after.keys).toEqual(rotated.split(','));
    expect(lines).toEqual([{ message: 'secrets changed', secrets: ['TokenKeys'] }]);
  });

  test('are read at once where a row asks for it', async () => {
    const made = app();
    const { readAgain } = await made();
    store.values.set(keysAt, key('k2'));
    expect(await readAgain?.()).toMatchObject({ TOKEN_KEYS: store.values.get(keysAt) });
    expect((await made()).keys).toEqual([store.values.get(keysAt)]);
  });

  test('are not known where a row asks for them and nothing answers', async () => {
    const { readAgain } = await app()();
    await store.close();
    expect(await readAgain?.()).toBeUndefined();
  });

  test.each([
    ['the store is down', 500, 'InternalServerError'],
    ['the role may not read them any more', 400, 'AccessDeniedException'],
  ])('stay while %s, and the log says so', async (_what, status, type) => {
    const made = app();
    const before = await made();
    later(300);
    store.failures.push(...Array.from({ length: 3 }, () => ({ status, type })));
    expect(await made()).toBe(before);
    expect(lines).toMatchObject([{ level: 'warn', message: 'secrets not read again' }]);
    expect(JSON.stringify(lines)).toContain(type);
    expect(JSON.stringify(lines)).not.toContain('role/ada');
    store.failures.length = 0;
    const asked = store.asked.length;
    later(29);
    await made();
    expect(store.asked).toHaveLength(asked);
    later(1);
    await made();
    expect(store.asked).toHaveLength(asked + 1);
  });

  test('stay when one was removed that nothing works without', async () => {
    const made = app();
    const before = await made();
    store.values.delete(keysAt);
    later(300);
    expect(await made()).toBe(before);
    expect(JSON.stringify(lines)).toContain('/muster/ada/TokenKeys does not exist');
  });

  test('stay when the new ones cannot be used: one mistake does not end what works', async () => {
    const made = app();
    const before = await made();
    store.values.set(keysAt, 'not a key');
    later(300);
    expect(await made()).toBe(before);
    expect(await made()).toBe(before);
    expect(lines).toMatchObject([
      { message: 'secrets changed' },
      { level: 'error', message: 'secrets not usable' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('not a key');
  });

  test('are asked for again where AWS is busy for a moment', async () => {
    store.failures.push({ status: 400, type: 'ThrottlingException' });
    await app()();
    expect(store.asked).toHaveLength(2);
  });
});

describe('a function without its secrets', () => {
  test('does not start, and names each parameter and the command that writes it', async () => {
    store.values.clear();
    await expect(app()()).rejects.toThrow(
      new SettingError(
        [
          'The secret /muster/ada/Kubeconfig does not exist. Run: manifests/token/kubeconfig.sh | npm run secret -- set Kubeconfig --stage ada',
          'The secret /muster/ada/TokenKeys does not exist. Run: npm run secret -- rotate TokenKeys --stage ada',
        ].join('\n'),
      ),
    );
  });

  test('asks AWS no more often than every two seconds, however many requests it gets', async () => {
    store.values.clear();
    const made = app();
    await expect(made()).rejects.toThrow(SettingError);
    await expect(made()).rejects.toThrow(SettingError);
    expect(store.asked).toHaveLength(1);
    store.values.set(keysAt, key('k1')).set(kubeconfigAt, 'apiVersion: v1');
    later(2);
    expect((await made()).keys).toHaveLength(1);
  });

  test('says what AWS answered, and what to run', async () => {
    store.failures.push({ status: 400, type: 'AccessDeniedException' });
    await expect(app(onEks)()).rejects.toThrow(
      'The secrets /muster/ada/OauthClients, /muster/ada/TokenKeys cannot be read (AccessDeniedException). Check that they exist: npm run secret -- list --stage ada',
    );
  });

  test('says that nothing answered', async () => {
    await store.close();
    await expect(app(onEks)()).rejects.toThrow('cannot be read (ECONNREFUSED)');
  });

  test('says that the path is none', async () => {
    expect(() => app({ SECRETS_PATH: 'muster' })).toThrow('SECRETS_PATH is "muster"');
  });
});

test('a function that has its secrets in its settings asks nobody', async () => {
  const { settings } = await app({ SECRETS_PATH: '', TOKEN_KEYS: key('k1') })();
  expect(settings).toMatchObject({ TOKEN_KEYS: expect.any(String) });
  expect(store.asked).toEqual([]);
});
