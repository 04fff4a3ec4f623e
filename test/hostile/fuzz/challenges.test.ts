/** Whatever `WWW-Authenticate` says, reading it ends, soon, in text or nothing. */
import { array, constantFrom, oneof, tuple } from 'fast-check';
import { expect } from 'vitest';
import { bearerChallengeIn } from '../../../functions/adapters/network/challenges.ts';
import { fuzz } from './runs.ts';
import { oddText } from './odd-values.ts';

const scheme = oneof(
  { weight: 5, arbitrary: constantFrom('Bearer', 'bearer', 'BEARER') },
  constantFrom('Basic', 'DPoP', 'Digest', 'Bearer,', ',', 'Bearer Bearer', ''),
  oddText,
);
const name = oneof(
  {
    weight: 6,
    arbitrary: constantFrom('error', 'error_description', 'scope', 'resource_metadata', 'realm'),
  },
  constantFrom('__proto__', 'constructor', 'scope*', ''),
  oddText,
);
const value = oneof(
  { weight: 3, arbitrary: oddText.map((text) => `"${text}"`) },
  constantFrom('"a \\" b"', '"unended', '""', '=', 'token68==', '\\', '"\\', '"a""b"'),
  oddText,
);
const parameter = tuple(name, constantFrom('=', ' = ', ''), value).map((parts) => parts.join(''));
const challenge = tuple(
  scheme,
  array(parameter, { maxLength: 8 }),
  constantFrom(', ', ',', ' ', ',,,'),
).map(([first, parameters, between]) => `${first} ${parameters.join(between)}`);
const header = array(challenge, { maxLength: 4 }).map((all) => all.join(', ').slice(0, 8_192));

fuzz('a challenge is read as text or not at all', header, async (text) => {
  // As it comes over the wire: a character for each byte, and none that ends a header.
  const wire = Buffer.from(text)
    .toString('latin1')
    .replace(/[\0\r\n]/g, ' ')
    .trim();
  const began = performance.now();
  const read = await bearerChallengeIn(
    new Response(null, { status: 401, headers: { 'www-authenticate': wire } }),
  );
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(Object.keys(read).sort()).toEqual(
    ['error', 'errorDescription', 'resourceMetadata', 'scope'].filter((key) =>
      Object.hasOwn(read, key),
    ),
  );
  for (const part of Object.values(read)) expect(typeof part).toBe('string');
});
