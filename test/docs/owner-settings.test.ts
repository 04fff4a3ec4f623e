import { expect, test } from 'vitest';
import { readArguments } from '../../infra/arguments.ts';
import { optional, proxies } from '../../infra/arguments/settings.ts';
import { readApiSettings } from '../../functions/settings.ts';
import { type IssuerProduct, issuerProducts } from '../world/issuer-products.ts';
import { type Fence, fencesIn, pageNames, readPage } from './pages.ts';

/** The settings that an owner copies from a page into `.env`. */
const isEnvironmentFile = ({ info }: Fence): boolean => info.includes('title=".env"');

const settingsIn = ({ text }: Fence): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, name = line, value = ''] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
        return [name, value.replace(/^'(.*)'$/, '$1')];
      }),
  );

const blocks = (
  await Promise.all(
    pageNames.map(async (name) =>
      fencesIn(await readPage(name))
        .filter(isEnvironmentFile)
        .map((fence) => ({ name, text: fence.text, settings: settingsIn(fence) })),
    ),
  )
).flat();

/** What every deployment has; a block overrides it. */
const deployed = {
  AWS_REGION: 'eu-central-1',
  EKS_CLUSTER: 'main',
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'muster',
};

const underlying = {
  BUS_NAME: 'bus',
  KUBECONFIG: '/kubeconfig',
  PUBLIC_URL: 'https://muster.example.com',
  TABLE_NAME: 'table',
  TOKEN_KEYS: `k1:${'A'.repeat(43)}`,
};

const forDeployment: ReadonlySet<string> = new Set([
  ...optional,
  ...proxies.map((name) => `FUNCTIONS_${name}`),
  ...Object.keys(deployed),
  'ALARM_EMAIL',
  'ALERT_EMAIL',
  'ALERT_WEBHOOK',
  'API_CONCURRENCY',
  'DOMAIN',
  'DOMAIN_CERT',
  'FLEET_SIZE',
  'FRONT',
  'PERMISSIONS_BOUNDARY',
  'SITE',
  'SWEEP_CONCURRENCY',
  'VPC_SECURITY_GROUPS',
  'VPC_SUBNETS',
]);

test('there are blocks of settings to copy', () => expect(blocks.length).toBeGreaterThan(10));

test.each(blocks)('$name: the deployment and the endpoint accept $text', ({ settings }) => {
  expect(Object.keys(settings).filter((name) => !forDeployment.has(name))).toEqual([]);
  const given = readArguments({ ...deployed, ...settings }).settings;
  const read = readApiSettings({ ...underlying, ...given });
  expect(read.publicUrl).toBe(underlying.PUBLIC_URL);
});

const guide = await readPage('single-sign-on.md');

test.each(Object.entries<IssuerProduct>(issuerProducts))(
  'the block below the table of %s has exactly the settings that its fake was tested with',
  (name, { issuer, settings }) => {
    const at = guide.indexOf(`<!-- table: issuer ${name} -->`);
    const fence = fencesIn(guide).find((one) => one.at > at && isEnvironmentFile(one));
    expect(at).toBeGreaterThan(0);
    const { OIDC_CLIENT_ID: client, ...written } = fence === undefined ? {} : settingsIn(fence);
    expect(client).toBeDefined();
    expect(written).toEqual({ OIDC_ISSUER: issuer, ...settings });
  },
);
