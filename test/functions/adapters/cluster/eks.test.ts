import { expect, test } from 'vitest';
import { eksTokens } from '../../../../functions/adapters/cluster/eks.ts';
import { credentials, requestIn, signatureOf } from '../../../world/sts.ts';

function eksWorld({ fails = 0 } = {}) {
  let time = new Date('2026-01-02T03:04:05Z');
  let asked = 0;
  const source = eksTokens({
    clusterName: 'production',
    region: async () => 'eu-central-1',
    credentials: async () => {
      asked += 1;
      if (asked <= fails) throw new Error('Could not load credentials of 123456789012');
      return credentials;
    },
    now: () => time,
  });
  return {
    source,
    asked: () => asked,
    later: (minutes: number) => void (time = new Date(time.getTime() + minutes * 60_000)),
  };
}

async function tokenOf({ source }: ReturnType<typeof eksWorld>): Promise<string> {
  const had = await source.token();
  if (had.kind === 'none') throw new Error(had.message);
  return had.token;
}

test('a token is a presigned question to the regional STS that only this cluster may ask', async () => {
  const token = await tokenOf(eksWorld());
  expect(token).toMatch(/^k8s-aws-v1\.[\w-]+$/);
  const url = requestIn(token);
  expect(url.origin + url.pathname).toBe('https://sts.eu-central-1.amazonaws.com/');
  // aws-iam-authenticator refuses a token with any other parameter.
  expect([...url.searchParams.keys()].toSorted()).toEqual([
    'Action',
    'Version',
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-Security-Token',
    'X-Amz-Signature',
    'X-Amz-SignedHeaders',
  ]);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Credential': 'AKIDEXAMPLE/20260102/eu-central-1/sts/aws4_request',
    'X-Amz-Date': '20260102T030405Z',
    'X-Amz-Expires': '60',
    'X-Amz-Security-Token': 'session/token+',
    'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
  });
  expect(url.searchParams.get('X-Amz-Signature')).toBe(signatureOf(url, 'production'));
});

test('one token serves eleven minutes, and calls side by side share its making', async () => {
  const world = eksWorld();
  const [first, second] = await Promise.all([tokenOf(world), tokenOf(world)]);
  expect(first).toBe(second);
  world.later(10);
  expect(await tokenOf(world)).toBe(first);
  expect(world.asked()).toBe(1);
  world.later(2);
  expect(await tokenOf(world)).not.toBe(first);
});

test('a token that was refused is made anew', async () => {
  const world = eksWorld();
  await tokenOf(world);
  expect(world.source.drop()).toBe(true);
  await tokenOf(world);
  expect(world.asked()).toBe(2);
});

test('missing credentials are told without a word of the account, and looked for again', async () => {
  const world = eksWorld({ fails: 1 });
  expect(await world.source.token()).toEqual({
    kind: 'none',
    message:
      'AWS gave no credentials to sign with (Error). Give the function a role and AWS_REGION.',
  });
  expect(await tokenOf(world)).toMatch(/^k8s-aws-v1\./);
});
