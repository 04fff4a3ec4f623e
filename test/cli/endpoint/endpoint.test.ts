import { expect, test } from 'vitest';
import { endpointIn, endpointVariable } from '../../../cli/endpoint/endpoint.ts';

const [ours, theirs] = ['https://ours.example.com', 'https://theirs.example.com/mcp'];

// giantswarm/muster reads MUSTER_ENDPOINT as the address of its own server.
test.each([
  [
    'our own variable wins',
    { MUSTER_SERVERLESS_ENDPOINT: ours, MUSTER_ENDPOINT: theirs },
    'MUSTER_SERVERLESS_ENDPOINT',
  ],
  ['the shared one is used alone', { MUSTER_ENDPOINT: ours }, 'MUSTER_ENDPOINT'],
  [
    'an empty one is not set',
    { MUSTER_SERVERLESS_ENDPOINT: '', MUSTER_ENDPOINT: ours },
    'MUSTER_ENDPOINT',
  ],
  ['neither', {}, undefined],
])('the endpoint of the environment: %s', (_, environment, variable) => {
  expect(endpointVariable(environment)).toBe(variable);
});

test.each([
  ['localhost:8787', 'Did you mean http://localhost:8787?'],
  ['127.0.0.1:8787/', 'Did you mean http://127.0.0.1:8787/?'],
  ['muster.example.com', 'Did you mean https://muster.example.com?'],
  ['muster.example.com:8443/prod', 'Did you mean https://muster.example.com:8443/prod?'],
  ['prod', 'Use a URL such as https://muster.example.com'],
  ['ftp://muster.example.com', 'Use a URL such as https://muster.example.com'],
  ['a b.example.com; x', 'Use a URL such as https://muster.example.com'],
])('the endpoint "%s" is no URL, and the hint is: %s', (text, hint) => {
  expect(() => endpointIn(text)).toThrow(
    expect.objectContaining({ message: `The endpoint "${text}" is not an HTTP address.`, hint }),
  );
});
