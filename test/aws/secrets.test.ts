/**
 * The secrets of a stage from the first to the last: written by their owner, read by the handlers
 * that are deployed, rotated without a deployment, forgotten when the stage is removed.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DescribeParametersCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod/mini';
import { runSecret } from '../../deploy/secret/run-secret.ts';
import { smallKubeconfig } from '../../deploy/secret/small-kubeconfig.ts';
import { storedSecrets } from '../../deploy/secret/stored-secrets.ts';
import { keyIdsOf } from '../../deploy/secret/token-keys.ts';
import { parameterOf, secretsPathOf } from '../../functions/model/secret-names.ts';
import { ada } from '../../local/issuer.ts';
import { contextOf, eventOf, type FunctionUrlHandler } from '../../local/lambda.ts';
import { startWorld, type World } from '../../local/world.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { folderOf } from '../world/installed-tools.ts';
import { expose, remember } from '../world/leaks.ts';
import { type Emulator, findMiniStack, startMiniStack } from './ministack.ts';

const ministack = folderOf(await findMiniStack(), 'MiniStack, an AWS on this machine');
const root = fileURLToPath(new URL('../..', import.meta.url));
const stage = 'ada';

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

describe.skipIf(ministack === undefined)('the secrets of a stage', () => {
  let aws: Emulator;
  let client: SSMClient;
  const ending: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    aws = await startMiniStack({ folder: ministack ?? '' });
    const { url: endpoint, region, credentials } = aws;
    client = new SSMClient({ endpoint, region, credentials });
    ending.push(aws.close);
  });
  afterAll(async () => {
    for (const end of ending.toReversed()) await end();
  });

  /** As a shell runs it, with the npm and the Node of this machine. */
  async function shell(line: string, input = ''): Promise<Ended> {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: root,
      env: { PATH: `${dirname(process.execPath)}:${PATH}`, HOME, ...aws.environment },
    });
    child.stdin.on('error', () => {}).end(input);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expose('the output of npm run secret', `${stdout}\n${stderr}`);
    return { code: child.exitCode, stdout, stderr };
  }
  /** The command without its process, which takes a second to start. */
  async function secret(line: string, input = ''): Promise<Ended> {
    const now = (): Date => new Date();
    const { code, lines } = await runSecret(line.split(' '), {
      stage,
      secrets: storedSecrets(client, stage),
      readValue: async () => input,
      judgeKubeconfig: async (yaml) =>
        smallKubeconfig(yaml, { stage, now: now(), isEmulated: true }),
      now,
      newKey: () => {
        const key = randomBytes(32).toString('base64url');
        remember('key', key);
        return key;
      },
    });
    const text = `${lines.join('\n')}\n`;
    expose('the output of npm run secret', text);
    return code === 0 ? { code, stdout: text, stderr: '' } : { code, stdout: '', stderr: text };
  }

  const stored = async () =>
    (await client.send(new DescribeParametersCommand({}))).Parameters?.map(
      ({ Name, Type, Tier }) => ({ Name, Type, Tier }),
    );
  const keyIds = async (): Promise<readonly string[]> => {
    const { stdout } = await secret('list');
    return keyIdsOf(/TokenKeys +\S+ +\d+ +(.*)/.exec(stdout)?.[1] ?? '').map((id) => id.trim());
  };

  /** A function as Lambda starts it: its settings in the environment, its module loaded anew. */
  async function sandbox(environment: Readonly<Record<string, string | undefined>>) {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.resetModules();
    const [{ handler: api }, { handler: sweep }] = await Promise.all([
      import('../../functions/api.ts'),
      import('../../functions/sweep.ts'),
    ]);
    return { api, sweep };
  }

  test('what is missing is named with the command that writes it', async () => {
    expect(await secret('list')).toEqual({
      code: 0,
      stderr: '',
      stdout: `NAME           CHANGED   VERSION   KEYS
Kubeconfig     missing   -         -
OauthClients   not set   -         -
TokenKeys      missing   -         -
Kubeconfig is required unless EKS_CLUSTER is set. Run: manifests/token/kubeconfig.sh | npm run secret -- set Kubeconfig --stage ada
TokenKeys is required. Run: npm run secret -- rotate TokenKeys --stage ada
`,
    });
  });

  test.each([
    ['set Kubeconfig', 'hello', 'Kubeconfig was not written. The text is not a kubeconfig.'],
    ['set TokenKeys', 'k1:short', 'A key in TokenKeys is not id:base64url of 32 bytes.'],
    ['set OauthClients', '{}', 'OauthClients is not a JSON list'],
    ['set TokenKeys', '', 'The value of TokenKeys is empty.'],
    [
      'set TokenKeys k1:a-value-in-the-arguments',
      '',
      'everyone on this machine can read arguments',
    ],
    ['set tokenkeys', '', 'Names: Kubeconfig, OauthClients, TokenKeys'],
    ['rotate Kubeconfig', '', 'rotate makes a key for TokenKeys.'],
    ['rotate TokenKeys --keep all', '', '--keep and the number'],
    ['remove', '', 'remove needs the name of one secret'],
    ['lost', '', 'The first argument is set, rotate, list or remove.'],
  ])('npm run secret -- %s is refused', async (line, input, words) => {
    const ended = await secret(line, input);
    expect(ended.code).not.toBe(0);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toContain('a-value-in-the-arguments');
    expect(await stored()).toEqual([]);
  });

  test('the stage and the region are never assumed', async () => {
    const command = 'node deploy/secret/secret.ts list';
    const [noStage, noRegion, noIdentity] = await Promise.all([
      shell(command),
      shell(`AWS_REGION= ${command} --stage ada`),
      shell(`AWS_ENDPOINT_URL=http://127.0.0.1:9 ${command} --stage ada`),
    ]);
    expect(noStage).toMatchObject({ code: 2, stderr: expect.stringContaining('--stage') });
    expect(noRegion.stderr).toContain('AWS_REGION is not set');
    expect(noIdentity).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AWS Systems Manager could not be used (ECONNREFUSED).'),
    });
  });

  describe('of a deployment that is used', () => {
    let world: World;
    let muster: string;
    let home: string;
    let answer: FunctionUrlHandler;
    let deployed: Readonly<Record<string, string | undefined>>;
    const type = (line: string) =>
      runMuster(muster, line, {
        endpoint: world.url,
        home,
        onAddress: (address) => browserOf(ada).visit(address),
      });
    /** SESSION of one server, as the token itself shows it. */
    const session = async (): Promise<string> =>
      (await type('auth status --server server-b --verify')).stdout;

    beforeAll(async () => {
      [muster, home] = await Promise.all([
        buildMuster(),
        mkdtemp(join(tmpdir(), 'muster-secrets-')),
      ]);
      ending.push(
        () => removeMuster(muster),
        () => rm(home, { recursive: true }),
        async () => vi.unstubAllEnvs(),
      );
      world = await startWorld({
        functions: async ({ KUBECONFIG_YAML = '', TOKEN_KEYS: _keys, ...environment }) => {
          await done(secret('set Kubeconfig', withToken(KUBECONFIG_YAML)));
          await done(secret('rotate TokenKeys'));
          deployed = {
            ...environment,
            SECRETS_PATH: secretsPathOf(stage),
            AWS_ENDPOINT_URL_SSM: aws.url,
            AWS_REGION: aws.region,
          };
          const { api, sweep } = await sandbox(deployed);
          answer = api;
          return { api: (...call) => answer(...call), sweep, close: async () => {} };
        },
      });
      ending.push(world.close);
      await world.sweep({ everything: true });
      await done(type('auth login'));
      await done(type('auth login --server server-b'));
    });

    test('they are encrypted parameters of the stage', async () => {
      const secure = { Type: 'SecureString' };
      expect(await stored()).toMatchObject([
        { Name: '/muster/ada/Kubeconfig', ...secure },
        { Name: '/muster/ada/TokenKeys', ...secure },
      ]);
    });

    test('sweep and endpoint read them at their start', async () => {
      expect((await type('list mcpserver')).stdout).toMatch(/server-b +Connected +Authenticated/);
    });

    test('a new key needs no deployment: a running function takes it for rows that another one sealed, and opens the old ones', async () => {
      const running = answer;
      const [old = ''] = await keyIds();
      const { stdout } = await secret('rotate TokenKeys');
      const [fresh = ''] = await keyIds();
      expect(stdout).toContain(`Encrypts from now on: ${fresh}\nStill decrypt: ${old}`);
      answer = (await sandbox(deployed)).api;
      expect(await session()).toContain('Authenticated');
      // Sealed by the new key, in a sandbox that started after the rotation.
      expect(await type('auth login --server server-b')).toMatchObject({ code: 0 });
      answer = running;
      expect(await session()).toContain('Authenticated');
    });

    test('after the key was dropped the session is Expired, and says why', async () => {
      expect((await secret('rotate TokenKeys --keep 0')).stdout).toMatch(/Dropped: \S+, \S+\./);
      answer = (await sandbox(deployed)).api;
      const shown = await session();
      expect(shown).toContain('Expired');
      expect(shown).toContain('The stored tokens cannot be decrypted');
      expect(await type('auth login --server server-b')).toMatchObject({ code: 0 });
      expect(await session()).toContain('Authenticated');
    });

    test('a function that starts without them says what to run, and starts when they are there', async () => {
      const { url: endpoint } = aws;
      const { stdout } = await secret('remove TokenKeys');
      expect(stdout).toBe('Removed /muster/ada/TokenKeys.\n');
      const { api } = await sandbox({ ...deployed, AWS_ENDPOINT_URL_SSM: endpoint });
      await expect(
        api(eventOf({ method: 'GET', url: '/healthz', host: 'localhost' }), contextOf('1')),
      ).rejects.toThrow(
        'The secret /muster/ada/TokenKeys does not exist. Run: npm run secret -- rotate TokenKeys --stage ada',
      );
    });
  });

  test('a kubeconfig of kubeadm is larger than 4,096 characters, and fits', async () => {
    const large = kubeadmLike();
    expect(large.length).toBeGreaterThan(5_000);
    expect((await secret('set Kubeconfig', large)).stdout).toMatch(
      /^Wrote \/muster\/ada\/Kubeconfig \(5\d{3} characters\)/,
    );
  });

  test('when the stage is removed nothing secret is left, also where there was nothing', async () => {
    await secret('rotate TokenKeys');
    await secret('set OauthClients', '[]');
    await client.send(
      new PutParameterCommand({
        Name: parameterOf(secretsPathOf('production'), 'TokenKeys'),
        Value: 'of another stage',
        Type: 'SecureString',
      }),
    );
    // As infra/secrets.ts gives it to Pulumi; test/stack/ compares.
    const forget = `npm run --silent secret -- remove --all --stage ${stage}`;
    expect(await shell(forget)).toMatchObject({
      code: 0,
      stdout: [
        'Removed /muster/ada/Kubeconfig.',
        'Removed /muster/ada/OauthClients.',
        'Removed /muster/ada/TokenKeys.\n',
      ].join('\n'),
    });
    expect(await stored()).toMatchObject([{ Name: '/muster/production/TokenKeys' }]);
    expect(await shell(forget)).toMatchObject({
      code: 0,
      stdout: 'There was nothing to remove below /muster/ada.\n',
    });
  });

  test('those of production are only removed one by one', async () => {
    const ended = await shell('npm run --silent secret -- remove --all --stage production');
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('npm run secret -- remove NAME --stage production');
    expect(await stored()).toHaveLength(1);
  });
});

async function done(ended: Promise<Ended>): Promise<void> {
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
}

/** The embedded cluster asks for no credential; a kubeconfig without one is refused. */
const withToken = (kubeconfig: string): string =>
  stringify({
    ...z.looseObject({ users: z.array(z.looseObject({})) }).parse(parse(kubeconfig)),
    users: [{ name: 'local', user: { token: 'of-the-embedded-cluster' } }],
  });

/** As long as the one of kubeadm, of which nothing can be left out. */
const kubeadmLike = (): string => {
  const data = (bytes: number): string => randomBytes(bytes).toString('base64');
  return stringify({
    'current-context': 'admin',
    contexts: [{ name: 'admin', context: { cluster: 'admin', user: 'admin' } }],
    clusters: [
      {
        name: 'admin',
        cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': data(1100) },
      },
    ],
    users: [
      {
        name: 'admin',
        user: { 'client-certificate-data': data(1100), 'client-key-data': data(1680) },
      },
    ],
  });
};
