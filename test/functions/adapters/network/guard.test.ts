import { describe, expect, test } from 'vitest';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';

describe('in the cloud', () => {
  const guard = addressGuard();

  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback over IPv6', '::1'],
    ['loopback mapped into IPv6', '::ffff:127.0.0.1'],
    ['the unspecified address', '0.0.0.0'],
    ['the unspecified address of IPv6', '::'],
    ['private networks', '10.1.2.3'],
    ['private networks', '172.16.0.1'],
    ['private networks', '192.168.1.1'],
    ['unique local addresses', 'fd12::1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['link-local addresses', 'fe80::1'],
    ['multicast', '224.0.0.1'],
    ['benchmark networks', '198.18.0.1'],
    ['reserved addresses', '240.0.0.1'],
    ['a private address in NAT64', '64:ff9b::10.1.2.3'],
    ['6to4', '2002:a01:203::1'],
    ['cloud metadata', '169.254.169.254'],
    ['container credentials', '169.254.170.2'],
    ['metadata of AWS over IPv6', 'fd00:ec2::254'],
    ['metadata of Azure, a public address', '168.63.129.16'],
    ['metadata of Alibaba', '100.100.100.200'],
  ])('%s: %s is refused', (_what, address) => {
    expect(guard.refusesAddress(address)).toBeTruthy();
  });

  test.each(['93.184.215.14', '2606:2800:220:1::1', '64:ff9b::93.184.215.14'])(
    'the public address %s is let through',
    (address) => {
      expect(guard.refusesAddress(address)).toBeUndefined();
    },
  );

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0/',
    'http://①②⑦.0.0.1/',
    'http://169.254.169.254./',
  ])('the literal in %s is refused', (url) => {
    expect(guard.refusesUrl(new URL(url))).toBeTruthy();
  });

  test.each([22, 25, 2379, 6379, 9200, 10250])('port %i is refused', (port) => {
    expect(guard.refusesUrl(new URL(`http://example.com:${port}/`))).toContain(String(port));
  });
  test.each(['http://example.com/', 'https://example.com/', 'https://example.com:8443/'])(
    '%s is let through',
    (url) => {
      expect(guard.refusesUrl(new URL(url))).toBeUndefined();
    },
  );
});

describe('ranges the owner opened', () => {
  const guard = addressGuard({ allow: ['10.0.0.0/8', '169.254.0.0/16', '0.0.0.0/0'] });
  test('are let through', () => expect(guard.refusesAddress('10.1.2.3')).toBeUndefined());
  test('never open cloud metadata', () => {
    for (const address of [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '168.63.129.16',
    ]) {
      expect(guard.refusesAddress(address)).toContain('metadata');
    }
  });
  test('have to be CIDR ranges', () =>
    expect(() => addressGuard({ allow: ['10.0.0.1'] })).toThrow('"10.0.0.1" is not a CIDR range'));
});

test('one laptop may contact itself and its own network, never metadata', () => {
  const guard = addressGuard({ allowLocal: true });
  expect(guard.refusesAddress('127.0.0.1')).toBeUndefined();
  expect(guard.refusesAddress('192.168.1.1')).toBeUndefined();
  expect(guard.refusesAddress('169.254.169.254')).toContain('metadata');
});
