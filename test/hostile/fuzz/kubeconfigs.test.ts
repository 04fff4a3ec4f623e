/** Whatever a kubeconfig or the settings say, it is a cluster, settings, or an error that names it. */
import { array, constantFrom, oneof, record, string, tuple } from 'fast-check';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { connectCluster } from '../../../functions/adapters/cluster/apiserver.ts';
import { ClusterError } from '../../../functions/model/cluster-error.ts';
import { SettingError } from '../../../functions/model/setting-reader.ts';
import { readApiSettings } from '../../../functions/settings.ts';
import { fuzz } from './runs.ts';
import { nearly, oddJson, oddText } from './odd-values.ts';
import { settings } from '../../../functions/model/settings-table.ts';

const secret = 'the-token-of-the-cluster-that-nobody-else-may-see';

const named = (member: string, inside: ReturnType<typeof nearly>) =>
  array(nearly({ name: constantFrom('a', 'b'), [member]: inside }), { maxLength: 3 });
const kubeconfig = nearly({
  apiVersion: constantFrom('v1'),
  kind: constantFrom('Config'),
  'current-context': constantFrom('a', 'b', 'c'),
  clusters: named(
    'cluster',
    nearly({
      server: constantFrom('https://127.0.0.1:1', 'http://127.0.0.1:1', 'x', 'file:///etc/passwd'),
      'certificate-authority': constantFrom('/nonexistent', '../x'),
      'certificate-authority-data': constantFrom('', '!', 'LS0t'),
      'insecure-skip-tls-verify': constantFrom(true, false),
      'proxy-url': constantFrom('http://127.0.0.1:1', 'x'),
      'tls-server-name': oddText,
    }),
  ),
  users: named(
    'user',
    nearly({
      token: constantFrom(secret),
      password: constantFrom(secret),
      'client-key-data': constantFrom(secret),
      tokenFile: constantFrom('/nonexistent'),
      exec: nearly({
        apiVersion: constantFrom('client.authentication.k8s.io/v1'),
        command: constantFrom('/nonexistent/exec'),
        args: constantFrom(['a'], 'a', null),
        env: constantFrom([], null, [{ name: 'A', value: secret }]),
      }),
      'auth-provider': nearly({ name: constantFrom('gcp', 'oidc', 'x'), config: oddJson }),
    }),
  ),
  contexts: named(
    'context',
    nearly({ cluster: constantFrom('a', 'b'), user: constantFrom('a', 'b') }),
  ),
});
const yaml = oneof(
  { weight: 8, arbitrary: kubeconfig.map((value) => stringify(JSON.parse(JSON.stringify(value)))) },
  oddJson.map((value) => JSON.stringify(value) ?? ''),
  constantFrom(
    '',
    '---\n---\n',
    '{',
    '\t',
    '&a [*a]',
    '!!js/function "() => 1"',
    '&a [a]\n'.repeat(3),
    'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]',
    '<<: 1',
    '\u0000',
  ),
  string({ unit: 'binary' }),
);

fuzz('a kubeconfig is a cluster or a ClusterError without its secrets', yaml, (text) => {
  try {
    expect(URL.canParse(connectCluster({ kubeconfig: text }).address)).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterError);
    expect(String(error)).not.toContain(secret);
  }
});

const names = Object.keys(settings);
const value = oneof(
  constantFrom(
    undefined,
    '',
    'on',
    'off',
    'ON',
    '0',
    '-1',
    '1e9',
    'NaN',
    '10.0.0.0/8',
    'https://x.example.com',
    'http://[::1',
    'a,b',
    ',',
    '[]',
    '{}',
  ),
  oddText,
);
/** The settings that hold secrets, right and wrong. */
const secrets = record({
  OAUTH_CLIENTS: constantFrom(
    undefined,
    `[{"issuer":"https://a.example","id":"a","secret":"${secret}"}]`,
    `[{"issuer":"https://a.example","secret":"${secret}"}]`,
    secret,
  ),
  TOKEN_KEYS: constantFrom(`one:${'A'.repeat(43)}`, `one:${secret}`, secret, `one:${secret},two`),
  KUBECONFIG_YAML: constantFrom(undefined, `users: [{user: {token: ${secret}}}]`, `{${secret}`),
});
const environment = tuple(
  array(value, { minLength: names.length, maxLength: names.length }),
  secrets,
).map(([values, hidden]) =>
  Object.assign(Object.fromEntries(names.map((name, index) => [name, values[index]])), hidden),
);

fuzz('an environment is settings or a SettingError without its secrets', environment, (said) => {
  try {
    readApiSettings(said);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingError);
    expect(String(error)).not.toContain(secret);
  }
});
