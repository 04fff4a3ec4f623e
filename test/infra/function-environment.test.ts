import { expect, test } from 'vitest';
import { readArguments } from '../../infra/arguments.ts';

const owner = {
  AWS_REGION: 'eu-central-1',
  EKS_CLUSTER: 'main',
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'muster',
};

test('an environment above the 4 KB of Lambda is refused before anything is made, with its largest settings', () => {
  const ISSUERS = JSON.stringify([{ issuer: `https://login.example.com/${'a'.repeat(1500)}` }]);
  const given = { ...owner, ISSUERS, GUARD_ALLOW: Array(60).fill('10.0.0.0/8').join(',') };
  expect(() => readArguments(given)).toThrow(
    /The environment of the function Sweep would have \d{4} bytes; Lambda allows 4096\. Shorten the largest settings in \.env: ISSUERS \(15\d\d\), GUARD_ALLOW \(659\), OIDC_ISSUER \(25\)\./,
  );
});

test('settings of usual length are taken', () => {
  expect(readArguments(owner).settings).toMatchObject({ OIDC_CLIENT_ID: 'muster' });
});

test('letters outside ASCII count as the bytes that Lambda counts', () => {
  const given = (letter: string) => ({ ...owner, OIDC_PARAMETERS: letter.repeat(1100) });
  expect(() => readArguments(given('s'))).not.toThrow();
  expect(() => readArguments(given('ß'))).toThrow('Lambda allows 4096');
});
