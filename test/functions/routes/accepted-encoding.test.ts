import { expect, test } from 'vitest';
import { acceptsGzip } from '../../../functions/routes/accepted-encoding.ts';

test.each([
  ['gzip', true],
  ['GZIP', true],
  ['x-gzip', true],
  ['gzip, deflate, br, zstd', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['br;q=1, gzip;q=0.2', true],
  ['*', true],
  ['*;q=0.1', true],
  ['gzip;q=0.001', true],
  [undefined, false],
  ['', false],
  ['identity', false],
  ['br', false],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['gzip;q=0, *', false],
  ['*;q=0', false],
  ['identity, gzip;q=0.5', false],
  ['identity;q=0.5, gzip', true],
  ['gzipped', false],
  [',;q=1,', false],
])('Accept-Encoding: %s takes gzip: %s (RFC 9110, section 12.5.3)', (header, accepted) => {
  expect(acceptsGzip(header)).toBe(accepted);
});
