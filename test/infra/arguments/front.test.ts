import { describe, expect, test } from 'vitest';
import { readFront } from '../../../infra/arguments/front.ts';
import { argumentReader } from '../../../infra/arguments/reader.ts';

const read = (environment: Readonly<Record<string, string>>) => {
  const from = argumentReader({ AWS_REGION: 'eu-central-1', ...environment });
  return { ...readFront(from), problems: from.problems };
};

test('by default there is a Function URL, no domain and no site', () => {
  expect(read({})).toEqual({ front: 'function-url', addresses: {}, problems: [] });
});

test('a site without DOMAIN has no canonical address unless SITE_URL gives one', () => {
  expect(read({ SITE: 'on' })).toMatchObject({ site: {}, addresses: {}, problems: [] });
  expect(read({ SITE: 'on', SITE_URL: 'https://docs.example.com' })).toMatchObject({
    site: { SITE_URL: 'https://docs.example.com' },
    addresses: { SITE_URL: 'https://docs.example.com' },
    problems: [],
  });
});

describe('with DOMAIN', () => {
  const domain = { DOMAIN: 'muster.example.com' };
  const own = 'https://muster.example.com';

  test('the addresses of endpoint and site follow from it', () => {
    expect(read({ ...domain, SITE: 'on' })).toMatchObject({
      domain: { name: 'muster.example.com' },
      site: { SITE_URL: own },
      addresses: { PUBLIC_URL: own, SITE_URL: own },
      problems: [],
    });
    expect(read(domain)).toMatchObject({ addresses: { PUBLIC_URL: own } });
    expect(read(domain).addresses).not.toHaveProperty('SITE_URL');
  });

  test('the same address may be given, with a slash too', () => {
    expect(read({ ...domain, PUBLIC_URL: `${own}/` })).toMatchObject({
      addresses: { PUBLIC_URL: own },
      problems: [],
    });
  });

  test('a site that is elsewhere keeps its address', () => {
    expect(read({ ...domain, SITE_URL: 'https://docs.example.com' })).toMatchObject({
      addresses: { PUBLIC_URL: own, SITE_URL: 'https://docs.example.com' },
      problems: [],
    });
  });

  test.each([
    [{ PUBLIC_URL: 'https://other.example.com' }, 'PUBLIC_URL is https://other.example.com'],
    [{ SITE: 'on', SITE_URL: 'https://docs.example.com' }, 'SITE_URL is https://docs.example.com'],
  ])('another address is refused: %j', (environment, words) => {
    expect(read({ ...domain, ...environment }).problems).toEqual([
      expect.stringContaining(`${words}, but DOMAIN makes it ${own}. Remove `),
    ]);
  });

  test('the live page is allowed with the site', () => {
    expect(read({ ...domain, SITE: 'on', LIVE_PAGE: 'on' }).problems).toEqual([]);
  });
});

test.each([{ SITE: 'on' }, { DOMAIN: 'muster.example.com' }, {}])(
  'the live page is refused with %j alone',
  (environment) => {
    expect(read({ ...environment, LIVE_PAGE: 'on' }).problems).toEqual([
      'LIVE_PAGE is on, but it needs the site and the endpoint at one address. Add SITE=on and DOMAIN=... to .env, or remove LIVE_PAGE.',
    ]);
  },
);

test.each(['eu-central-2', 'ca-west-1', 'me-central-1'])(
  '%s has no Function URLs, and API Gateway is the way out',
  (region) => {
    expect(read({ AWS_REGION: region }).problems).toEqual([
      `AWS_REGION is ${region}, which has no Lambda Function URLs. Add FRONT=api-gateway to .env.`,
    ]);
    expect(read({ AWS_REGION: region, FRONT: 'api-gateway' })).toMatchObject({
      front: 'api-gateway',
      problems: [],
    });
  },
);

test.each([
  [{ FRONT: 'alb' }, 'FRONT is "alb". Set it to function-url or api-gateway.'],
  [{ DOMAIN: 'https://muster.example.com/' }, 'DOMAIN is "https://muster.example.com/"'],
  [{ DOMAIN: 'Muster.example.com' }, 'DOMAIN is "Muster.example.com"'],
  [{ DOMAIN: '*.example.com' }, 'DOMAIN is "*.example.com"'],
  [{ DOMAIN: 'localhost' }, 'DOMAIN is "localhost"'],
  [{ DOMAIN_CERT: 'arn' }, 'DOMAIN_CERT is set without DOMAIN'],
  [
    {
      DOMAIN: 'muster.example.com',
      DOMAIN_CERT: 'arn:aws:acm:eu-central-1:123456789012:certificate/abc',
    },
    'a certificate in us-east-1',
  ],
])('%j is refused', (environment, words) => {
  expect(read(environment).problems).toEqual([expect.stringContaining(words)]);
});
