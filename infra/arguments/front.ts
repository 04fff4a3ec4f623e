/** At which addresses the endpoint and the site are. */
import { defined } from '../../functions/model/defined.ts';
import { hasFunctionUrls } from '../../functions/model/function-url-regions.ts';
import { siteAddressProblem } from '../../functions/model/site-address.ts';
import type { ArgumentReader } from './reader.ts';

/** What calls the function of the endpoint. */
export const fronts = ['function-url', 'api-gateway'] as const;
export type Front = (typeof fronts)[number];

/** The owner's own host name for endpoint and site. */
export type Domain = {
  readonly name: string;
  /** ARN of a certificate. Absent: Route 53 has the zone, and the stack makes certificate and records. */
  readonly certificate?: string;
};

export type FrontArguments = {
  readonly front: Front;
  readonly domain?: Domain;
  /** What the build of the site is given. Absent: no site. */
  readonly site?: Readonly<Record<string, string>>;
  /** Settings of the functions that follow from the domain. */
  readonly addresses: Readonly<Record<string, string>>;
};

export function readFront(from: ArgumentReader): FrontArguments {
  const { text, isOn, report } = from;
  const domain = readDomain(from);
  const hasSite = isOn('SITE', 'off');
  if (isOn('LIVE_PAGE', 'off') && (domain === undefined || !hasSite))
    report(
      'LIVE_PAGE is on, but it needs the site and the endpoint at one address. Add SITE=on and DOMAIN=... to .env, or remove LIVE_PAGE.',
    );
  const own = domain === undefined ? undefined : `https://${domain.name}`;
  const publicUrl = follows(from, 'PUBLIC_URL', own);
  const siteUrl = follows(from, 'SITE_URL', hasSite ? own : undefined);
  const siteProblem = siteUrl === undefined ? undefined : siteAddressProblem(siteUrl);
  if (siteProblem !== undefined) report(siteProblem);
  const repository = text('REPOSITORY_URL');
  if (repository !== undefined && !URL.canParse(repository))
    report(
      `REPOSITORY_URL is "${repository}", which is not an address. Set it to the page of the repository, for example REPOSITORY_URL=https://github.com/OWNER/NAME`,
    );
  return {
    front: readFrontKind(from),
    addresses: defined({ PUBLIC_URL: publicUrl, SITE_URL: siteUrl }),
    ...defined({
      domain,
      site: hasSite ? defined({ SITE_URL: siteUrl, REPOSITORY_URL: repository }) : undefined,
    }),
  };
}

function readFrontKind({ text, report }: ArgumentReader): Front {
  const given = text('FRONT');
  const front = given === undefined ? fronts[0] : fronts.find((known) => known === given);
  if (front === undefined) {
    report(`FRONT is "${given}". Set it to ${fronts.join(' or ')}.`);
    return fronts[0];
  }
  const region = text('AWS_REGION');
  if (front === 'function-url' && region !== undefined && !hasFunctionUrls(region))
    report(
      `AWS_REGION is ${region}, which has no Lambda Function URLs. Add FRONT=api-gateway to .env.`,
    );
  return front;
}

function readDomain({ text, report }: ArgumentReader): Domain | undefined {
  const name = text('DOMAIN');
  const certificate = text('DOMAIN_CERT');
  if (name === undefined) {
    if (certificate !== undefined)
      report('DOMAIN_CERT is set without DOMAIN. Add DOMAIN=... to .env, or remove DOMAIN_CERT.');
    return undefined;
  }
  if (!hostName.test(name))
    report(
      `DOMAIN is "${name}". Set it to a host name in lower case, without https:// and without a path, for example DOMAIN=muster.example.com`,
    );
  if (certificate !== undefined && !certificateArn.test(certificate))
    report(
      `DOMAIN_CERT is "${certificate}". Set it to the ARN of a certificate in us-east-1, where CloudFront reads certificates: arn:aws:acm:us-east-1:ACCOUNT:certificate/ID`,
    );
  return defined({ name, certificate });
}

/**
 * The address that follows from the domain, and else the one that was given. Another one than the
 * domain's would be in the callback of issuers and in proofs of keys, which then do not match.
 */
function follows(
  { text, report }: ArgumentReader,
  name: string,
  own: string | undefined,
): string | undefined {
  const given = text(name);
  if (own === undefined) return given;
  if (given !== undefined && given.replace(/\/+$/, '') !== own)
    report(
      `${name} is ${given}, but DOMAIN makes it ${own}. Remove ${name} from .env, or remove DOMAIN.`,
    );
  return own;
}

/** Labels of RFC 1123, at least two. */
const hostName = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$/;
const certificateArn = /^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/;
