import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { smallKubeconfig } from '../../../deploy/secret/small-kubeconfig.ts';

const now = new Date('2026-11-26T00:00:00Z');
const place = { stage: 'production', now, isEmulated: false };
const judge = (text: string) => smallKubeconfig(text, place);

const folder = mkdtempSync(join(tmpdir(), 'muster-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Base64 of a real self-signed certificate and its key, valid for one year. */
const certificate = ((): { readonly cert: string; readonly key: string; readonly ends: Date } => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${cert} -days 365 -subj /CN=ada`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const ends = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-enddate'], {
    encoding: 'utf8',
  });
  return {
    cert: readFileSync(cert).toString('base64'),
    key: readFileSync(key).toString('base64'),
    ends: new Date(ends.replace('notAfter=', '')),
  };
})();

const jwt = (claims: object): string =>
  [{ alg: 'none' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
    .concat('.x');

const address = 'https://api.cluster.example.com:6443';

/** One that works, with these differences. */
function kubeconfig({
  cluster = {},
  user = { token: 'a-token-that-does-not-expire' },
  ...others
}: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'main', user: 'ada' } }],
    clusters: [
      {
        name: 'main',
        cluster: { server: address, ...(typeof cluster === 'object' ? cluster : {}) },
      },
    ],
    users: [{ name: 'ada', user }],
    ...others,
  });
}

describe('a kubeconfig for functions', () => {
  test('is the current context alone, without what no function needs', () => {
    const text = kubeconfig({
      contexts: [
        { name: 'other', context: { cluster: 'other', user: 'bob' } },
        { name: 'main', context: { cluster: 'main', user: 'ada', namespace: 'tools' } },
      ],
      clusters: [
        { name: 'other', cluster: { server: 'https://other.example.com' } },
        { name: 'main', cluster: { server: address, extensions: [{ name: 'x' }] } },
      ],
      users: [
        { name: 'bob', user: { exec: { command: 'gke-gcloud-auth-plugin' } } },
        { name: 'ada', user: { token: 'a-token-that-does-not-expire' } },
      ],
      preferences: {},
    });
    const judged = judge(text);
    expect(judged).toMatchObject({
      kind: 'accepted',
      remarks: ['Kept the context main, one of 2.'],
    });
    expect(judged.kind === 'accepted' && parse(judged.value)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'main', user: 'main' } }],
      clusters: [{ name: 'main', cluster: { server: address } }],
      users: [{ name: 'main', user: { token: 'a-token-that-does-not-expire' } }],
    });
  });

  test('may be larger than 4,096 characters: one of kubeadm, with its client certificate', () => {
    const judged = judge(
      kubeconfig({
        cluster: { 'certificate-authority-data': certificate.cert },
        user: {
          'client-certificate-data': certificate.cert,
          'client-key-data': certificate.key,
        },
      }),
    );
    expect(judged.kind === 'accepted' && judged.value.length).toBeGreaterThan(4096);
    expect(judged).toMatchObject({
      remarks: [
        `The credential expires on ${certificate.ends.toISOString().slice(0, 10)}. Write a new one before. One that does not expire is the token of the ServiceAccount muster-sweep: docs/cluster-access.md has the commands.`,
      ],
    });
  });

  test('says when its token expires', () => {
    const token = jwt({ exp: Date.parse('2026-11-27T00:00:00Z') / 1000 });
    expect(judge(kubeconfig({ user: { token } }))).toMatchObject({
      kind: 'accepted',
      remarks: [expect.stringContaining('expires on 2026-11-27')],
    });
  });

  test('may name an address of this machine where the functions run on it', () => {
    const text = kubeconfig({ cluster: { server: 'https://127.0.0.1:6443' } });
    expect(smallKubeconfig(text, { ...place, isEmulated: true })).toMatchObject({
      kind: 'accepted',
    });
  });

  test.each<[string, string, string, string]>([
    [
      'of GKE, EKS and AKS, which start a program',
      kubeconfig({ user: { exec: { command: 'gke-gcloud-auth-plugin' } } }),
      'gets its token from the program gke-gcloud-auth-plugin',
      'docs/cluster-access.md',
    ],
    [
      'with an auth-provider',
      kubeconfig({ user: { 'auth-provider': { name: 'gcp' } } }),
      'has an auth-provider',
      'docs/cluster-access.md',
    ],
    [
      'that names files',
      kubeconfig({
        cluster: { 'certificate-authority': '/home/ada/ca.crt' },
        user: { 'client-certificate': 'a', 'client-key': 'b' },
      }),
      'names files of this machine: certificate-authority, client-certificate, client-key.',
      'kubectl config view --raw --minify --flatten | npm run secret -- set Kubeconfig --stage production',
    ],
    [
      'with the file of a token',
      kubeconfig({ user: { tokenFile: '/token' } }),
      'names the file of a token',
      'docs/cluster-access.md',
    ],
    [
      'of kind and k3s, whose address is that of the machine itself',
      kubeconfig({ cluster: { server: 'https://127.0.0.1:6443' } }),
      'names 127.0.0.1:6443, which is this machine',
      'docs/cluster-access.md',
    ],
    [
      'without a credential',
      kubeconfig({ user: {} }),
      'no token and no client certificate',
      'docs/cluster-access.md',
    ],
    [
      'without a current context',
      kubeconfig({
        'current-context': '',
        contexts: [
          { name: 'one', context: { cluster: 'main', user: 'ada' } },
          { name: 'two', context: { cluster: 'main', user: 'ada' } },
        ],
      }),
      'no current context',
      '--context one | npm run secret -- set Kubeconfig --stage production',
    ],
    [
      'larger than a parameter',
      kubeconfig({ cluster: { 'certificate-authority-data': 'A'.repeat(9000) } }),
      'bytes with its current context alone; a secret can have 8192',
      'docs/cluster-access.md',
    ],
    [
      'whose token has expired',
      kubeconfig({ user: { token: jwt({ exp: 1_600_000_000 }) } }),
      'expired on 2020-09-13',
      'docs/cluster-access.md',
    ],
    ['without TLS', kubeconfig({ cluster: { server: 'http://api' } }), 'without TLS', 'Correct it'],
    ['without a server', kubeconfig({ cluster: { server: '' } }), 'has no server', 'docs/'],
    ['that is none', 'hello', 'not a kubeconfig', 'kubectl config view'],
    ['that is no YAML', '{"a', 'not a kubeconfig', 'kubectl config view'],
  ])('is refused %s, with the way out', (_what, text, problem, hint) => {
    expect(judge(text)).toEqual({
      kind: 'refused',
      problem: expect.stringContaining(problem),
      hint: expect.stringContaining(hint),
    });
  });
});
