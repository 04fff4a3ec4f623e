import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { optional, proxies } from '../../infra/arguments/settings.ts';
import { deployed, inside, isMissing, projectFolder } from './deployed.ts';
import { artifacts, evaluate, owner } from './evaluate.ts';
import { secretSettings } from '../../functions/model/secret-names.ts';
import { settings } from '../../functions/model/settings-table.ts';

const variablesSchema = z.object({
  environment: z.object({ variables: z.record(z.string(), z.string()) }),
});
const variables = (name: string) =>
  variablesSchema.parse(deployed().inputs('Function', `${name}Function`)).environment.variables;

const roleSchema = z.object({ inlinePolicies: z.array(z.object({ policy: z.string() })) });
const statementsSchema = z.object({
  Statement: z.array(z.object({ Action: z.unknown(), Resource: z.unknown() })),
});
/** The parameters that a role may read. */
const readableBy = (role: Readonly<Record<string, unknown>>): readonly unknown[] =>
  roleSchema
    .parse(role)
    .inlinePolicies.flatMap(({ policy }) => statementsSchema.parse(JSON.parse(policy)).Statement)
    .filter(({ Action }) => JSON.stringify(Action).includes('ssm:'))
    .flatMap(({ Resource }) => Resource);

describe.skipIf(isMissing)('the types of SST', () => {
  const compiler = fileURLToPath(new URL('../../node_modules/tsc7/bin/tsc', import.meta.url));
  const check = (): Promise<unknown> =>
    promisify(execFile)(process.execPath, [compiler, '--noEmit', '-p', 'infra/tsconfig.json'], {
      cwd: projectFolder(),
    });

  test('accept sst.config.ts and infra/', async () => {
    await expect(check()).resolves.toBeDefined();
  });

  test.each([
    ['a schedule that is none', 'sweep.ts', 'rate(1 minute)', 'every minute'],
    ['a memory that is none', 'api.ts', '512 MB', '512 potatoes'],
    ['a property that is not known', 'muster.ts', 'deletionProtection:', 'deletionProtected:'],
  ])('refuse %s', async (_what, name, right, wrong) => {
    const file = join(projectFolder(), 'infra', name);
    const source = await readFile(file, 'utf8');
    expect(source).toContain(right);
    await writeFile(file, source.replace(right, wrong));
    try {
      await expect(check()).rejects.toMatchObject({
        stdout: expect.stringContaining(`infra/${name}`),
      });
    } finally {
      await writeFile(file, source);
    }
  });
});

describe.skipIf(isMissing)('a sweep', () => {
  test('is started every minute, and nothing tries it again', () => {
    expect(deployed().inputs('Schedule', 'TickSchedule')).toMatchObject({
      scheduleExpression: 'rate(1 minute)',
      state: 'ENABLED',
      flexibleTimeWindow: { mode: 'OFF' },
      target: { retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 } },
    });
    expect(deployed().inputs('EventTarget', 'BusSubscriberPagesTarget')).toMatchObject({
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    });
    expect(deployed().inputs('FunctionEventInvokeConfig', 'SweepEventInvokeConfig')).toMatchObject({
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60,
    });
  });

  test('gets the time its tick was due from the schedule', () => {
    const { target } = z
      .object({ target: z.object({ input: z.string() }) })
      .parse(deployed().inputs('Schedule', 'TickSchedule'));
    expect(JSON.parse(target.input)).toEqual({
      kind: 'tick',
      at: '<aws.scheduler.scheduled-time>',
    });
  });

  test('that schedule, bus or Lambda cannot deliver ends among the dead letters', () => {
    const dead = deployed().arn('Queue', 'DeadLetters');
    expect(deployed().inputs('Schedule', 'TickSchedule')).toMatchObject({
      target: { deadLetterConfig: { arn: dead } },
    });
    expect(deployed().inputs('EventTarget', 'BusSubscriberPagesTarget')).toMatchObject({
      deadLetterConfig: { arn: dead },
    });
    expect(deployed().inputs('FunctionEventInvokeConfig', 'SweepEventInvokeConfig')).toMatchObject({
      destinationConfig: { onFailure: { destination: dead } },
    });
  });

  test('is gone on with by page messages and by nothing else on the bus', () => {
    expect(deployed().ofType('aws:cloudwatch/eventRule:EventRule')).toHaveLength(1);
    const { eventPattern } = z
      .object({ eventPattern: z.string() })
      .parse(deployed().inputs('EventRule', 'BusSubscriberPagesRule'));
    expect(JSON.parse(eventPattern)).toEqual({
      source: ['muster'],
      'detail-type': ['MCPServer Sweep Page'],
    });
  });

  test('runs on Node 24 and arm64, long enough for a page of servers that all hang', () => {
    expect(deployed().inputs('Function', 'SweepFunction')).toMatchObject({
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      memorySize: 512,
      timeout: 60,
      handler: 'bundle.handler',
    });
  });
});

describe.skipIf(isMissing)('the endpoint', () => {
  test('is public, for both permissions that AWS asks for, and is nobody else’s page', () => {
    expect(deployed().inputs('FunctionUrl', 'ApiUrl')).toMatchObject({
      authorizationType: 'NONE',
      invokeMode: 'BUFFERED',
    });
    expect(deployed().inputs('FunctionUrl', 'ApiUrl')).not.toHaveProperty('cors');
    const granted = deployed()
      .ofType('aws:lambda/permission:Permission')
      .filter(({ name }) => name.startsWith('Api'));
    expect(new Set(granted.map(({ inputs }) => inputs))).toEqual(
      new Set([
        expect.objectContaining({
          action: 'lambda:InvokeFunctionUrl',
          principal: '*',
          functionUrlAuthType: 'NONE',
        }),
        expect.objectContaining({
          action: 'lambda:InvokeFunction',
          principal: '*',
          invokedViaFunctionUrl: true,
        }),
      ]),
    );
  });

  test('runs on Node 24 and arm64', () => {
    expect(deployed().inputs('Function', 'ApiFunction')).toMatchObject({
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      memorySize: 512,
      timeout: 45,
      handler: 'bundle.handler',
    });
  });

  test('can be given every setting that is not for one machine alone', () => {
    const ofLambda = [
      'AWS_ACCESS_KEY_ID',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
    ];
    const ofOneMachine = [
      'AWS_ENDPOINT_URL',
      'AWS_ENDPOINT_URL_DYNAMODB',
      'AWS_ENDPOINT_URL_EVENTBRIDGE',
      'AWS_ENDPOINT_URL_SSM',
      'CLUSTER_TOKEN',
      'CLUSTER_TOKEN_FILE',
      'DNS_SERVERS',
      'EXTRA_CA_FILE',
      'GUARD',
      'KUBECONFIG',
      'TICK_SECONDS',
    ];
    const known = new Set<string>([
      ...optional,
      ...proxies,
      ...ofLambda,
      ...ofOneMachine,
      ...Object.values(secretSettings),
      ...Object.keys(variables('Api')),
      ...Object.keys(variables('Sweep')),
    ]);
    expect(Object.keys(settings).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe.skipIf(isMissing)('the table', () => {
  test('forgets by itself, is backed up, and in production nobody deletes it by accident', () => {
    expect(deployed().inputs('Table', 'TableTable')).toMatchObject({
      hashKey: 'pk',
      rangeKey: 'sk',
      ttl: { attributeName: 'expires', enabled: true },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
    });
  });
});

describe.skipIf(isMissing)('the functions', () => {
  test.each(['Sweep', 'Api'])('%s reserves no concurrency unless the owner says so', (name) => {
    const { reservedConcurrentExecutions } = deployed().inputs('Function', `${name}Function`);
    expect([undefined, -1]).toContain(reservedConcurrentExecutions);
  });

  test.each(['Sweep', 'Api'])('%s gets only settings that it knows', (name) => {
    const unknown = Object.keys(variables(name)).filter(
      (variable) =>
        !variable.startsWith('SST_') && variable !== 'MALLOC_ARENA_MAX' && !(variable in settings),
    );
    expect(unknown).toEqual([]);
  });

  test.each(['Sweep', 'Api'])('%s has all its variables within the 4 KB of Lambda', (name) => {
    expect(JSON.stringify(variables(name)).length).toBeLessThan(4096);
  });

  test('are known to EKS by their roles, as the group of manifests/, and keep no credential', () => {
    for (const name of ['Sweep', 'Api']) {
      expect(deployed().inputs('AccessEntry', `${name}Access`)).toEqual({
        clusterName: 'mine',
        principalArn: expect.stringContaining(`${name}Role`),
        kubernetesGroups: ['muster-sweep'],
      });
    }
    expect(variables('Sweep')).toMatchObject({
      EKS_CLUSTER: 'mine',
      CLUSTER_URL: expect.stringMatching(/^https:.*eks\.amazonaws\.com$/),
    });
  });
});

describe.skipIf(isMissing)('the secrets', () => {
  test.each(['Sweep', 'Api'])(
    'are not in the settings of %s: it reads them by their path',
    (name) => {
      expect(variables(name)).toMatchObject({ SECRETS_PATH: '/muster/production' });
      for (const setting of Object.values(secretSettings))
        expect(variables(name)).not.toHaveProperty(setting);
    },
  );

  test('are nowhere in the stack, and nothing removes those of production', () => {
    expect(deployed().ofType('sst:sst:Secret')).toEqual([]);
    const commands = deployed().ofType('command:local:Command');
    expect(commands.filter(({ inputs }) => 'delete' in inputs)).toEqual([]);
  });
});

describe.skipIf(isMissing)('the bundles', () => {
  const sizeOf = async (name: string): Promise<number> => {
    const folder = artifacts(projectFolder(), name);
    const files = await readdir(folder, { recursive: true });
    const sizes = await Promise.all(
      files
        .filter((file) => file.endsWith('.mjs'))
        .map(async (file) => (await stat(join(folder, file))).size),
    );
    return sizes.reduce((one, other) => one + other, 0);
  };

  test('are minified, with what is used seldom in files of its own', async () => {
    expect(await sizeOf('Sweep')).toBeLessThan(2_100 * 1024);
    expect(await sizeOf('Api')).toBeLessThan(2_400 * 1024);
    expect((await stat(join(artifacts(projectFolder(), 'Api'), 'bundle.mjs'))).size).toBeLessThan(
      200 * 1024,
    );
  });
});

describe.skipIf(isMissing)('the site', () => {
  test('is built by npm run site:build, and only hashed files are kept for long', () => {
    expect(deployed().inputs('Command', 'SiteBuilder')).toMatchObject({
      create: 'npm run site:build',
      environment: {
        SITE_URL: 'https://docs.example.com',
        REPOSITORY_URL: 'https://forge.example.com/owner/muster',
      },
    });
    const upload = deployed()
      .ofType('pulumi-nodejs:dynamic:Resource')
      .find(({ name }) => name.startsWith('SiteAssetFiles'));
    const { files } = z
      .object({ files: z.array(z.object({ key: z.string(), cacheControl: z.string() })) })
      .parse(upload?.inputs);
    const kept = files
      .filter(({ cacheControl }) => cacheControl.includes('immutable'))
      .map(({ key }) => key);
    expect(kept).toEqual([expect.stringMatching(/_astro\/page\.1a2b3c\.css$/)]);
    expect(files).toHaveLength(6);
  });
});

describe.skipIf(isMissing)('what the owner decides', () => {
  const evaluated = async (environment: Readonly<Record<string, string>>, stage = 'production') =>
    inside(await evaluate({ folder: projectFolder(), stage, environment }));

  test('a kubeconfig instead of EKS, a VPC, selectors, a large fleet, an address for alarms, no site; a stage that is not production', async () => {
    const { EKS_CLUSTER, ...others } = owner;
    const stack = await evaluated(
      {
        ...others,
        VPC_SUBNETS: 'subnet-1,subnet-2',
        VPC_SECURITY_GROUPS: 'sg-1',
        NAMESPACE: 'tools',
        LABEL_SELECTOR: 'team=a',
        ANONYMOUS_LIST: 'on',
        RELEASE_TOKENS: 'on',
        RELEASE_HOSTS: 'mcp.example.com',
        FLEET_SIZE: '100000',
        SWEEP_CONCURRENCY: '20',
        API_CONCURRENCY: '50',
        ALARM_EMAIL: 'ada@example.com',
        SITE: 'off',
      },
      'ada',
    );
    expect(EKS_CLUSTER).toBe('mine');
    const given = {
      SECRETS_PATH: '/muster/ada',
      NAMESPACE: 'tools',
      LABEL_SELECTOR: 'team=a',
      HEARTBEAT_SECONDS: '20040',
      LEASE_NAME: 'muster-sweep-ada',
    };
    expect(deployed().inputs('Function', 'SweepFunction')).not.toHaveProperty(
      'environment.variables.LEASE_NAME',
    );
    for (const name of ['SweepFunction', 'ApiFunction']) {
      expect(stack.inputs('Function', name)).toMatchObject({
        environment: { variables: given },
        vpcConfig: { subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] },
      });
    }
    expect(stack.inputs('Function', 'ApiFunction')).toMatchObject({
      environment: {
        variables: {
          ANONYMOUS_LIST: 'on',
          RELEASE_TOKENS: 'on',
          RELEASE_HOSTS: 'mcp.example.com',
        },
      },
    });
    expect(stack.inputs('Function', 'SweepFunction')).toMatchObject({
      reservedConcurrentExecutions: 20,
    });
    expect(stack.inputs('Function', 'ApiFunction')).toMatchObject({
      reservedConcurrentExecutions: 50,
    });
    expect(stack.inputs('TopicSubscription', 'AlarmsEmail')).toMatchObject({
      protocol: 'email',
      endpoint: 'ada@example.com',
    });
    expect(stack.inputs('Table', 'TableTable')).toMatchObject({ deletionProtectionEnabled: false });
    expect(stack.ofType('sst:aws:StaticSite')).toEqual([]);
    for (const [role, names] of [
      ['SweepRole', ['Kubeconfig']],
      ['ApiRole', ['Kubeconfig', 'OauthClients', 'TokenKeys']],
    ] as const)
      expect(readableBy(stack.inputs('Role', role))).toEqual(
        names.map((name) => `arn:aws:ssm:eu-central-1:123456789012:parameter/muster/ada/${name}`),
      );
    expect(stack.inputs('Command', 'Secrets')).toMatchObject({
      dir: projectFolder(),
      delete: 'npm run --silent secret -- remove --all --stage ada',
      environment: { AWS_REGION: 'eu-central-1' },
    });
  });

  test('what is missing is told at once, each with the command that mends it', async () => {
    const result = await evaluate({ folder: projectFolder(), stage: 'empty', environment: {} });
    const [message = ''] = result.kind === 'failed' ? result.problems : [];
    for (const words of ['AWS_REGION=', 'OIDC_ISSUER=', 'OIDC_CLIENT_ID=']) {
      expect(message).toContain(words);
    }
  });

  test('what cannot be is told, too', async () => {
    const environment = {
      ...owner,
      EXTRA_CA: 'x'.repeat(3001),
      ANONYMOUS_LIST: 'yes',
      LIVE_PAGE: 'on',
      RELEASE_TOKENS: 'true',
      VPC_SUBNETS: 'subnet-1',
      FLEET_SIZE: 'many',
      SWEEP_CONCURRENCY: '0',
      API_CONCURRENCY: '100000',
      SITE_URL: 'https://example.com/docs/',
      REPOSITORY_URL: 'owner/muster',
    };
    const result = await evaluate({ folder: projectFolder(), stage: 'wrong', environment });
    const [message = ''] = result.kind === 'failed' ? result.problems : [];
    for (const words of [
      'EXTRA_CA has 3001 characters',
      'ANONYMOUS_LIST is "yes"',
      'LIVE_PAGE is on, but it needs the site and the endpoint at one address',
      'RELEASE_TOKENS is "true"',
      'VPC_SECURITY_GROUPS',
      'FLEET_SIZE is "many"',
      'SWEEP_CONCURRENCY is "0"',
      'API_CONCURRENCY is 100000; the limit is 10000',
      'SITE_URL is "https://example.com/docs/". The site must be at the root of its host.',
      'REPOSITORY_URL is "owner/muster"',
    ]) {
      expect(message).toContain(words);
    }
  });

  test.each([
    [
      'that is not there',
      'sweep.ts',
      'functions/sweep.handler',
      'functions/sweeep.handler',
      'There is no functions/sweeep.ts',
    ],
    [
      'that is not exported',
      'api.ts',
      'functions/api.handler',
      'functions/api.answer',
      'api.ts does not export answer',
    ],
  ])('a handler %s does not deploy', async (_what, name, right, wrong, words) => {
    const file = join(projectFolder(), 'infra', name);
    const source = await readFile(file, 'utf8');
    await writeFile(file, source.replace(right, wrong));
    try {
      const result = await evaluate({
        folder: projectFolder(),
        stage: 'broken',
        environment: owner,
      });
      expect(result.kind === 'failed' && result.problems.join('\n')).toContain(words);
    } finally {
      await writeFile(file, source);
    }
  });
});
