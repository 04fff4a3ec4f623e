/** What people reach: the endpoint, and the site where the owner wants it. */
import type { Arguments } from './arguments.ts';
import { makeDomain } from './domain.ts';
import { type Address, addressOf } from './front.ts';
import { makeSite } from './site.ts';

export type Published = {
  /** Of the endpoint at AWS. */
  readonly address: Address;
  /** Addresses for the people who deploy. */
  readonly outputs: Readonly<Record<string, $util.Input<string>>>;
};

export function publish(
  { front, domain, site }: Pick<Arguments, 'front' | 'domain' | 'site'>,
  api: sst.aws.Function,
): Published {
  const address = addressOf(front, api);
  if (domain === undefined)
    return {
      address,
      outputs: { endpoint: address.url, ...(site && { site: makeSite({ environment: site }) }) },
    };
  const router = makeDomain({ domain, endpoint: address.url, hasSite: site !== undefined });
  const { distribution } = router.nodes.cdn.nodes;
  return {
    address,
    outputs: {
      endpoint: router.url,
      // For a name server that is not Route 53.
      ...(domain.certificate && {
        record: $interpolate`${domain.name} CNAME ${distribution.domainName}`,
      }),
      ...(site && { site: makeSite({ environment: site, router }) }),
    },
  };
}
