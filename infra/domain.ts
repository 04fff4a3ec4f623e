/**
 * One CloudFront distribution for endpoint and site, at the domain of the owner.
 * `docs/decisions.md` says why the site is not at an address of its own.
 */
import { endpointRoots } from '../functions/model/endpoint-paths.ts';
import { liveHeaders } from '../functions/model/live-page.ts';
import type { Domain } from './arguments/front.ts';

type DomainParts = {
  readonly domain: Domain;
  /** Address of the endpoint at AWS. */
  readonly endpoint: $util.Output<string>;
  readonly hasSite: boolean;
};

export function makeDomain({ domain, endpoint, hasSite }: DomainParts): sst.aws.Router {
  const live = hasSite ? liveHeadersPolicy() : undefined;
  return new sst.aws.Router('Domain', {
    domain:
      domain.certificate === undefined
        ? domain.name
        : { name: domain.name, cert: domain.certificate, dns: false },
    transform: {
      cdn: (args) => {
        args.comment = `${$app.name}-${$app.stage}`;
        // SST puts a host of its own here, by HTTP: a request that its function cannot route would
        // go there, with its token.
        args.origins = [originOf(endpoint)];
        if (live === undefined) {
          args.defaultCacheBehavior = toEndpoint;
          return;
        }
        args.orderedCacheBehaviors = $output(args.defaultCacheBehavior).apply((toSite) => [
          ...endpointPatterns.map((pathPattern) => ({ ...toEndpoint, pathPattern })),
          { ...toSite, pathPattern: '/live*', responseHeadersPolicyId: live.id },
        ]);
      },
    },
  });
}

const endpointPatterns = endpointRoots.flatMap((root) => [`/${root}`, `/${root}/*`]);

const originId = 'default';

const originOf = (endpoint: $util.Output<string>) => ({
  originId,
  domainName: endpoint.apply((url) => new URL(url).host),
  customOriginConfig: {
    httpPort: 80,
    httpsPort: 443,
    originProtocolPolicy: 'https-only',
    originSslProtocols: ['TLSv1.2'],
    // The most that CloudFront allows without a request to AWS; the function takes up to 45 s.
    originReadTimeout: 60,
  },
});

/**
 * Nothing is cached, and two requests are never answered as one: the answers are for one person.
 * Headers, cookies and query reach the endpoint as they came. A request by HTTP is refused and not
 * redirected: a redirect would hide that its token was readable.
 */
const toEndpoint = {
  targetOriginId: originId,
  viewerProtocolPolicy: 'https-only',
  allowedMethods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
  cachedMethods: ['GET', 'HEAD'],
  cachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', // Managed-CachingDisabled
  // Managed-AllViewerExceptHostHeader: Function URLs and API Gateway answer to their own host only.
  originRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
};

const liveHeadersPolicy = (): aws.cloudfront.ResponseHeadersPolicy =>
  new aws.cloudfront.ResponseHeadersPolicy('LiveHeaders', {
    comment: `${$app.name}-${$app.stage}: the live page`,
    securityHeadersConfig: {
      contentSecurityPolicy: {
        contentSecurityPolicy: liveHeaders['content-security-policy'],
        override: true,
      },
      referrerPolicy: { referrerPolicy: liveHeaders['referrer-policy'], override: true },
      contentTypeOptions: { override: true },
      strictTransportSecurity: { accessControlMaxAgeSec: 31_536_000, override: true },
    },
  });
