import * as fc from 'fast-check';
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
    ['the unspecified address in NAT64', '64:ff9b::'],
    ['6to4', '2002:a01:203::1'],
    ['cloud metadata', '169.254.169.254'],
    ['container credentials', '169.254.170.2'],
    ['metadata of AWS over IPv6', 'fd00:ec2::254'],
    ['metadata of Azure, a public address', '168.63.129.16'],
    ['metadata of Google over IPv6', 'fd20:ce::254'],
    ['metadata of Oracle over IPv6', 'fd00:c1::a9fe:a9fe'],
    ['metadata of Scaleway over IPv6', 'fd00:42::42'],
    ['loopback in an IPv4-compatible address', '::7f00:1'],
    ['loopback below any prefix of ISATAP', '2606:2800:220:1:0:5efe:127.0.0.1'],
    ['metadata of Alibaba', '100.100.100.200'],
  ])('%s: %s is refused', (_what, address) => {
    expect(guard.refusesAddress(address)).toBeTruthy();
  });

  test.each([
    '93.184.215.14',
    '2606:2800:220:1::1',
    '64:ff9b::93.184.215.14',
    '2606:2800:220:1:0:5efe:93.184.215.14',
  ])('the public address %s is let through', (address) => {
    expect(guard.refusesAddress(address)).toBeUndefined();
  });

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[::169.254.169.254]/',
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

/** Every way to write an IPv4 address into an IPv6 address, by its bytes. */
const wrappings: Readonly<Record<string, (ipv4: readonly number[]) => readonly number[]>> = {
  'IPv4-compatible': (ipv4) => [...zeros(12), ...ipv4],
  mapped: (ipv4) => [...zeros(10), 0xff, 0xff, ...ipv4],
  translated: (ipv4) => [...zeros(8), 0xff, 0xff, 0, 0, ...ipv4],
  NAT64: (ipv4) => [0, 0x64, 0xff, 0x9b, ...zeros(8), ...ipv4],
  // The rest of these is 8.8.8.8, which is let through.
  'local NAT64 /48': ([a = 0, b = 0, c = 0, d = 0]) => [...local, a, b, 0, c, d, 0, 8, 8, 8, 8],
  'local NAT64 /56': ([a = 0, b = 0, c = 0, d = 0]) => [...local, 0, a, 0, b, c, d, 8, 8, 8, 8],
  'local NAT64 /64': ([a = 0, b = 0, c = 0, d = 0]) => [...local, 0, 0, 0, a, b, c, d, 0, 0, 0],
  'local NAT64 /96': (ipv4) => [...local, ...zeros(6), ...ipv4],
  '6to4': (ipv4) => [0x20, 2, ...ipv4, ...zeros(10)],
  'Teredo server': (ipv4) => [...teredo, ...ipv4, ...zeros(4), 247, 247, 247, 247],
  'Teredo client': (ipv4) => [
    ...teredo,
    8,
    8,
    8,
    8,
    ...zeros(4),
    ...ipv4.map((byte) => 255 - byte),
  ],
  ISATAP: (ipv4) => [0x26, 6, ...zeros(6), 0, 0, 0x5e, 0xfe, ...ipv4],
  'ISATAP, globally unique': (ipv4) => [0x26, 6, ...zeros(6), 2, 0, 0x5e, 0xfe, ...ipv4],
};
const local = [0, 0x64, 0xff, 0x9b, 0, 1];
const teredo = [0x20, 1, 0, 0];
const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);
const written = (bytes: readonly number[]): string =>
  Array.from({ length: 8 }, (_, group) =>
    ((bytes[2 * group] ?? 0) * 256 + (bytes[2 * group + 1] ?? 0)).toString(16),
  ).join(':');

describe.each(Object.entries(wrappings))('an IPv4 address inside IPv6 (%s)', (_name, wrap) => {
  const byte = fc.integer({ min: 0, max: 255 });
  const anyIPv4 = fc
    .tuple(fc.integer({ min: 1, max: 255 }), byte, byte, byte)
    .filter(([a, b]) => a !== 169 || b !== 254);
  const refusedIPv4 = fc.oneof(
    fc.tuple(fc.constantFrom(10, 127), byte, byte, byte),
    fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
    fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
    fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
  );

  test('that is refused is refused there, even where the owner opened all of IPv6', () => {
    for (const guard of [addressGuard(), addressGuard({ allow: ['::/0'] })]) {
      fc.assert(
        fc.property(refusedIPv4, (ipv4) => {
          expect(guard.refusesAddress(written(wrap(ipv4)))).toBeTruthy();
          expect(guard.refusesUrl(new URL(`http://[${written(wrap(ipv4))}]/`))).toBeTruthy();
        }),
      );
    }
  });

  test('is refused there whenever it is refused by itself', () => {
    const guard = addressGuard({ allow: ['10.0.0.0/8', '64:ff9b:1::/48', '2002::/16'] });
    fc.assert(
      fc.property(anyIPv4, (ipv4) => {
        fc.pre(guard.refusesAddress(ipv4.join('.')) !== undefined);
        expect(guard.refusesAddress(written(wrap(ipv4)))).toBeTruthy();
      }),
    );
  });

  test.each([
    [169, 254, 169, 254],
    [168, 63, 129, 16],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
  ])('that is metadata (%i.%i.%i.%i) is never contacted, whatever is opened', (...ipv4) => {
    const everything = ['0.0.0.0/0', '::/0'];
    for (const guard of [
      addressGuard({ allow: everything }),
      addressGuard({ allow: everything, allowLocal: true }),
    ])
      expect(guard.refusesAddress(written(wrap(ipv4)))).toContain('metadata');
  });
});

test('metadata over IPv6 is never contacted, not even by one laptop that opened all of it', () => {
  const guard = addressGuard({ allowLocal: true, allow: ['fc00::/7', '::/0'] });
  for (const address of ['fd00:ec2::254', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe', 'fe80::1'])
    expect(guard.refusesAddress(address)).toContain('metadata');
});

test('one laptop may contact itself and its own network, never metadata', () => {
  const guard = addressGuard({ allowLocal: true });
  expect(guard.refusesAddress('127.0.0.1')).toBeUndefined();
  expect(guard.refusesAddress('192.168.1.1')).toBeUndefined();
  expect(guard.refusesAddress('169.254.169.254')).toContain('metadata');
});
