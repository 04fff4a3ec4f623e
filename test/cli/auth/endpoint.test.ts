import { expect, test } from 'vitest';
import { endpointOfEnvironment } from '../../../cli/auth/endpoint.ts';

const [ours, theirs] = ['https://ours.example.com', 'https://theirs.example.com/mcp'];

// giantswarm/muster reads MUSTER_ENDPOINT as the address of its own server.
test.each([
  ['our own variable wins', { MUSTER_SERVERLESS_ENDPOINT: ours, MUSTER_ENDPOINT: theirs }, ours],
  ['the shared one is used alone', { MUSTER_ENDPOINT: ours }, ours],
  ['an empty one is not set', { MUSTER_SERVERLESS_ENDPOINT: '', MUSTER_ENDPOINT: ours }, ours],
  ['neither', {}, undefined],
])('the endpoint of the environment: %s', (_, environment, endpoint) => {
  expect(endpointOfEnvironment(environment)).toBe(endpoint);
});
