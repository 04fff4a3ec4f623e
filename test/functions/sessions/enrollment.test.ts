/** The key of a machine belongs to the sign-in that it was made for. */
import { expect, test } from 'vitest';
import { enrollmentProblem } from '../../../functions/sessions/enrollment.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { now } from './build.ts';

const seconds = now.getTime() / 1000;
const signedIn = (claims: Record<string, unknown> = {}) =>
  aCaller(aPerson(), { claims: { nonce: 'thumbprint', iat: seconds, ...claims } });
const problem = (claims?: Record<string, unknown>) =>
  enrollmentProblem('thumbprint', signedIn(claims), aCaller(), now);

test('the key whose thumbprint is the nonce of a fresh sign-in of the same person is registered', () => {
  expect(problem()).toBeUndefined();
});

test.each([{ issuer: 'https://another.example.com' }, { subject: 'bob' }])(
  'the ID token of another person is refused: %j',
  (facts) => {
    expect(enrollmentProblem('thumbprint', signedIn(), aCaller(aPerson(facts)), now)).toBe(
      'The ID token belongs to another person.',
    );
  },
);

test.each([{ nonce: 'another' }, { nonce: undefined }])(
  'the ID token of another key is refused: %j',
  (claims) => {
    expect(problem(claims)).toBe('The ID token was not issued for this key.');
  },
);

test('a sign-in counts for ten minutes, and for a minute of a clock that is ahead', () => {
  const late = 'The ID token was not issued within the last ten minutes.';
  expect([-600, -600.001, 60, 60.001].map((age) => problem({ iat: seconds + age }))).toEqual([
    undefined,
    late,
    undefined,
    late,
  ]);
  expect(problem({ iat: 'yesterday' })).toBe(late);
});
