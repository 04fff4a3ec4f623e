import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { throttle } from '../../infra/throttle.ts';
import { distributionOf, route } from './cloudfront.ts';
import { inside, isMissing, projectFolder } from './deployed.ts';
import { evaluate, owner } from './evaluate.ts';
import { copyProject, type Project } from './project.ts';

const { SITE: _site, SITE_URL: _siteUrl, ...least } = owner;

// A copy of its own: other files break that of all tests for a moment.
let project: Project | undefined;
beforeAll(async () => {
  if (!isMissing)
    project = await copyProject(await realpath(join(projectFolder(), '.sst/platform')));
});
afterAll(async () => project?.close());

const evaluated = async (stage: string, environment: Readonly<Record<string, string>>) =>
  inside(
    await evaluate({
      folder: project?.folder ?? '',
      stage,
      environment: { ...least, ...environment },
    }),
  );
type Stack = Awaited<ReturnType<typeof evaluated>>;

const variables = (stack: Stack, name: string) =>
  z
    .object({ environment: z.object({ variables: z.record(z.string(), z.string()) }) })
    .parse(stack.inputs('Function', `${name}Function`)).environment.variables;

const metricOf = (stack: Stack, name: string) => {
  const { namespace, metricName, dimensions } = stack.inputs('MetricAlarm', name);
  return { namespace, metricName, dimensions };
};

describe.skipIf(isMissing)('FRONT=api-gateway, at a domain with DNS elsewhere', () => {
  const host = 'muster.example.org';
  const certificate = 'arn:aws:acm:us-east-1:123456789012:certificate/abc-1';
  let stack: Stack;
  beforeAll(async () => {
    stack = await evaluated('gateway', {
      FRONT: 'api-gateway',
      AWS_REGION: 'eu-central-2',
      DOMAIN: host,
      DOMAIN_CERT: certificate,
    });
  });

  test('makes no Function URL, and lets this API alone call the function', () => {
    expect(stack.ofType('aws:lambda/functionUrl:FunctionUrl')).toEqual([]);
    const granted = stack
      .ofType('aws:lambda/permission:Permission')
      .filter(({ inputs }) => String(inputs['function']).includes('Api'))
      .map(({ inputs }) => inputs);
    expect(granted).toEqual([
      expect.objectContaining({
        action: 'lambda:InvokeFunction',
        principal: 'apigateway.amazonaws.com',
        sourceArn: 'arn:aws:execute-api:eu-central-1:123456789012:FrontApi-id/*',
      }),
    ]);
  });

  test('sends every path to the function, in payload format 2.0, throttled', () => {
    expect(stack.ofType('aws:apigatewayv2/route:Route').map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({ routeKey: '$default', authorizationType: 'NONE' }),
    ]);
    expect(
      stack.ofType('aws:apigatewayv2/integration:Integration').map(({ inputs }) => inputs),
    ).toEqual([
      expect.objectContaining({ integrationType: 'AWS_PROXY', payloadFormatVersion: '2.0' }),
    ]);
    expect(stack.inputs('Stage', 'FrontStage')).toMatchObject({
      name: '$default',
      defaultRouteSettings: {
        throttlingRateLimit: throttle.requestsPerSecond,
        throttlingBurstLimit: throttle.burst,
      },
    });
    expect(stack.inputs('Api', 'FrontApi')).toMatchObject({
      protocolType: 'HTTP',
      corsConfiguration: {},
    });
  });

  test('writes no access log, which anyone could fill at the cost of the owner', () => {
    expect(stack.inputs('Stage', 'FrontStage')).not.toHaveProperty('accessLogSettings');
  });

  test('is watched where API Gateway counts', () => {
    const dimensions = { ApiId: 'FrontApi-id' };
    expect(metricOf(stack, 'ApiErrors')).toEqual({
      namespace: 'AWS/ApiGateway',
      metricName: '5xx',
      dimensions,
    });
    expect(metricOf(stack, 'ApiSlow')).toEqual({
      namespace: 'AWS/ApiGateway',
      metricName: 'Latency',
      dimensions,
    });
  });

  test('deploys no site unless the owner asks for it', () => {
    expect(stack.ofType('sst:aws:StaticSite')).toEqual([]);
    expect(stack.outputs).not.toHaveProperty('site');
  });

  test('makes no record and no certificate, and prints the record that is needed', () => {
    expect(stack.ofType('aws:route53/record:Record')).toEqual([]);
    expect(stack.ofType('aws:acm/certificate:Certificate')).toEqual([]);
    expect(distributionOf(stack)).toMatchObject({
      aliases: [host],
      viewerCertificate: { acmCertificateArn: certificate },
    });
    expect(stack.outputs).toMatchObject({
      endpoint: `https://${host}`,
      record: `${host} CNAME d111111abcdef8.cloudfront.net`,
    });
  });

  test('without a site every path goes to the endpoint', async () => {
    for (const path of ['/', '/v1/me', '/live/'])
      expect(await route(stack, path, host)).toMatchObject({
        kind: 'origin',
        host: 'frontapi.execute-api.eu-central-1.amazonaws.com',
        path,
        behavior: { cachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' },
      });
  });
});

describe.skipIf(isMissing)('DOMAIN with the site and the live page', () => {
  const host = 'muster.example.com';
  const endpoint = 'apiurl.lambda-url.eu-central-1.on.aws';
  const bucket = /^[\w-]*siteassetsbucket-\w+\.s3\.eu-central-1\.amazonaws\.com$/;
  let stack: Stack;
  beforeAll(async () => {
    stack = await evaluated('domain', { DOMAIN: host, SITE: 'on', LIVE_PAGE: 'on' });
  });

  test.each([
    '/v1/mcpservers',
    '/v1/oauth/callback/abc',
    '/.well-known/oauth-protected-resource',
    '/healthz',
  ])('%s goes to the endpoint, whole and uncached', async (path) => {
    const routed = await route(stack, path, host);
    expect(routed).toMatchObject({ kind: 'origin', host: endpoint, path });
    expect(routed).toMatchObject({
      behavior: {
        viewerProtocolPolicy: 'https-only',
        // Managed-CachingDisabled, Managed-AllViewerExceptHostHeader.
        cachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        originRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        allowedMethods: expect.arrayContaining(['DELETE', 'POST']),
      },
    });
  });

  test.each([
    ['/', '/index.html'],
    ['/live/', '/live/index.html'],
    ['/live', '/live/index.html'],
    ['/_astro/page.1a2b3c.css', '/_astro/page.1a2b3c.css'],
    ['/no-such-page/', '/404.html'],
  ])('%s is the file %s of the site', async (path, file) => {
    expect(await route(stack, path, host)).toMatchObject({
      kind: 'origin',
      host: expect.stringMatching(bucket),
      path: file,
    });
  });

  test.each(['/live/', '/live'])('%s has the headers of the live page', async (path) => {
    expect(await route(stack, path, host)).toMatchObject({
      behavior: { responseHeadersPolicyId: 'LiveHeaders-id' },
    });
    expect(stack.inputs('ResponseHeadersPolicy', 'LiveHeaders')).toMatchObject({
      securityHeadersConfig: {
        contentSecurityPolicy: {
          contentSecurityPolicy: expect.stringMatching(
            /script-src 'self'.*frame-ancestors 'none'$/,
          ),
          override: true,
        },
        referrerPolicy: { referrerPolicy: 'no-referrer', override: true },
        strictTransportSecurity: { accessControlMaxAgeSec: 31_536_000, override: true },
      },
    });
  });

  test('the function at the edge is within the 10 KB of CloudFront', () => {
    const { code } = stack.inputs('Function', 'DomainCloudfrontFunctionRequest');
    expect(String(code).length).toBeLessThan(10_240);
  });

  test('the address of the distribution itself shows no site', async () => {
    expect(await route(stack, '/', 'd111111abcdef8.cloudfront.net')).toEqual({
      kind: 'answered',
      statusCode: 403,
    });
  });

  test('no request leaves for a host that is not ours, also while the store at the edge is empty', async () => {
    expect(await route(stack, '/deploy/', host, new Map())).toMatchObject({
      kind: 'origin',
      host: endpoint,
    });
    expect(distributionOf(stack).origins).toEqual([
      expect.objectContaining({
        domainName: endpoint,
        customOriginConfig: expect.objectContaining({
          originProtocolPolicy: 'https-only',
          originReadTimeout: 60,
        }),
      }),
    ]);
  });

  test('endpoint, site and canonical addresses are the domain', () => {
    expect(stack.outputs).toMatchObject({ endpoint: `https://${host}`, site: `https://${host}` });
    expect(stack.outputs).not.toHaveProperty('record');
    expect(variables(stack, 'Api')).toMatchObject({
      PUBLIC_URL: `https://${host}`,
      SITE_URL: `https://${host}`,
      LIVE_PAGE: 'on',
    });
    expect(stack.inputs('Command', 'SiteBuilder')).toMatchObject({
      environment: { SITE_URL: `https://${host}` },
    });
    expect(distributionOf(stack).aliases).toEqual([host]);
  });

  test('Route 53 gets the records of the domain and of its certificate', () => {
    const records = stack.ofType('aws:route53/record:Record').map(({ inputs }) => inputs);
    expect(new Set(records.map(({ type }) => type))).toEqual(new Set(['A', 'AAAA', 'CNAME']));
    expect(stack.inputs('Certificate', 'DomainCdnSslCertificate')).toMatchObject({
      domainName: host,
      validationMethod: 'DNS',
    });
  });
});
