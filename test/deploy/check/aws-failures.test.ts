import { createServer } from 'node:http';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { awsFailure, awsOptions } from '../../../deploy/aws-access.ts';
import { checkIdentity } from '../../../deploy/check/identity.ts';
import { listen } from '../../../local/listen.ts';

/** What a real client throws where STS answers with this error. */
async function refusedWith(code: string) {
  const server = await listen(
    createServer((_request, response) =>
      response
        .writeHead(403, { 'content-type': 'text/xml' })
        .end(`<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`),
    ),
  );
  const environment = {
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  };
  const findings = await checkIdentity({
    stage: 'dev',
    environment,
    secrets: () => Promise.reject(new Error('unused')),
  });
  await server.close();
  return findings;
}

test.each([
  ['ExpiredToken', 'The AWS credentials have expired.', 'Sign in again'],
  [
    'InvalidClientTokenId',
    'AWS does not accept the credentials (InvalidClientTokenId).',
    'AWS_PROFILE',
  ],
  ['Throttling', 'AWS did not say who you are (Throttling).', 'aws sts get-caller-identity'],
])('STS refuses with %s: %s', async (code, text, hint) => {
  expect(await refusedWith(code)).toMatchObject([
    { kind: 'problem', text, hint: expect.stringContaining(hint) },
  ]);
});

test('without any credentials the person is told how to sign in, with their profile', async () => {
  const error: unknown = await new STSClient({
    ...awsOptions({ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }),
    credentials: () =>
      Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
  })
    .send(new GetCallerIdentityCommand({}))
    .catch((thrown: unknown) => thrown);
  expect(awsFailure(error, { AWS_PROFILE: 'work' })).toMatchObject({
    kind: 'identity',
    text: 'There are no AWS credentials.',
    hint: expect.stringContaining('aws sso login --profile work'),
  });
});
