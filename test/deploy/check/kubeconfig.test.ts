import { UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { judgeKubeconfig, type Place } from '../../../deploy/check/kubeconfig.ts';

const now = new Date('2026-06-01T00:00:00Z');
const place: Place = { now, isEmulated: false, hasVpc: false, command: 'npm run secret -- set' };

const kubeconfig = (
  user: object,
  cluster: object = { server: 'https://203.0.113.5:6443' },
): string =>
  stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster }],
    users: [
      { name: 'other', user: { exec: { command: 'not-ours' } } },
      { name: 'u', user },
    ],
  });

const endingIn = (days: number): string =>
  new UnsecuredJWT({}).setExpirationTime(new Date(now.getTime() + days * 86_400_000)).encode();

test.each<[string, string, Partial<Place>, RegExp]>([
  [
    'an exec plugin',
    kubeconfig({ exec: { command: 'gke-gcloud-auth-plugin' } }),
    {},
    /^problem: .* starts the program gke-gcloud-auth-plugin, which no function has\./,
  ],
  [
    'an auth provider',
    kubeconfig({ 'auth-provider': { name: 'azure' } }),
    {},
    /^problem: .* auth-provider, which no function has\./,
  ],
  [
    'files',
    kubeconfig(
      { 'client-certificate': '/home/ada/c.pem', 'client-key': '/home/ada/k.pem' },
      { server: 'https://203.0.113.5', 'certificate-authority': '/etc/ca.pem' },
    ),
    {},
    /^problem: .* files of this machine: certificate-authority, client-certificate, client-key\..* --flatten/,
  ],
  [
    'the loopback address of kind',
    kubeconfig({ token: 'opaque' }, { server: 'https://127.0.0.1:40123' }),
    {},
    /^problem: .* 127\.0\.0\.1:40123, which is this machine\./,
  ],
  [
    'a private address outside a VPC',
    kubeconfig({ token: 'opaque' }, { server: 'https://10.1.2.3' }),
    {},
    /^problem: .* private address 10\.1\.2\.3, .* VPC_SUBNETS/,
  ],
  [
    'a token that has expired',
    kubeconfig({ token: endingIn(-2) }),
    {},
    /^problem: .* expired on 2026-05-30\./,
  ],
  [
    'a token of 24 hours',
    kubeconfig({ token: endingIn(1) }),
    {},
    /^warning: .* expires on 2026-06-02\. The sweep stops then\./,
  ],
])('%s does not go unnoticed', (_what, yaml, others, words) => {
  const [first, ...more] = judgeKubeconfig(yaml, { ...place, ...others });
  expect(`${first?.kind}: ${first?.text} ${first?.hint}`).toMatch(words);
  expect(more).toEqual([]);
});

test.each<[string, string, Partial<Place>]>([
  ['a public address and an opaque token', kubeconfig({ token: 'opaque' }), {}],
  ['a token that lives for a year', kubeconfig({ token: endingIn(365) }), {}],
  [
    'a private address in the VPC of the functions',
    kubeconfig({ token: 'opaque' }, { server: 'https://10.1.2.3' }),
    { hasVpc: true },
  ],
  [
    'loopback, where AWS itself is an emulator on this machine',
    kubeconfig({ token: 'opaque' }, { server: 'http://127.0.0.1:4000' }),
    { isEmulated: true },
  ],
  ['text that is no kubeconfig, which the adapter reports', 'a: [', {}],
])('%s is no problem', (_what, yaml, others) => {
  expect(judgeKubeconfig(yaml, { ...place, ...others })).toEqual([]);
});
