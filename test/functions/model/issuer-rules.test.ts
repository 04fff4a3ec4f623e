import { expect, test } from 'vitest';
import { issuerRulesIn } from '../../../functions/model/issuer-rules.ts';

test('a rule is found by its issuer, with or without the slash of an empty path', () => {
  const { rules, problems } = issuerRulesIn(
    JSON.stringify([
      { issuer: 'https://accounts.google.com', parameters: { access_type: 'offline' } },
      { issuer: 'https://login.example.com/tenant/', noPkceList: true },
    ]),
  );
  expect(problems).toEqual([]);
  expect(rules('https://accounts.google.com/').parameters).toEqual({ access_type: 'offline' });
  expect(rules('https://login.example.com/tenant/')).toEqual({ noPkceList: true });
  expect(rules('https://login.example.com/tenant')).toEqual({});
  expect(rules('https://other.example.com')).toEqual({});
});

test('all problems of ISSUERS are reported at once', () => {
  const { problems } = issuerRulesIn(
    JSON.stringify([
      { issuer: 'nowhere' },
      { issuer: 'https://one.example.com', noPkce: true },
      { issuer: 'https://two.example.com', parameters: { redirect_uri: 'x', State: 'y' } },
      { issuer: 'https://three.example.com', scopes: ['two scopes'] },
      { issuer: 'https://three.example.com/' },
    ]),
  );
  expect(problems).toHaveLength(6);
  expect(problems.join('\n')).toMatch(
    /Entry 1 .*issuer[^]*Entry 2 [^]*Entry 3 .*redirect_uri[^]*Entry 3 .*State[^]*Entry 4 .*scope[^]*Entry 5 .*second/,
  );
});

test.each(['{}', 'no JSON', '"text"'])('%s is not a list of issuers', (value) => {
  expect(issuerRulesIn(value).problems).toEqual(['ISSUERS is not a JSON list of objects.']);
});

// What an owner could use to undo the protections of the sign-in.
test.each(['client_id', 'redirect_uri', 'state', 'code_challenge', 'response_type', 'nonce'])(
  'the parameter %s cannot be set for an issuer',
  (name) => {
    const value = JSON.stringify([{ issuer: 'https://a.example', parameters: { [name]: 'x' } }]);
    expect(issuerRulesIn(value).problems).toHaveLength(1);
  },
);
