import { defined } from '../../functions/model/defined.ts';
import { siteAddressProblem } from '../../functions/model/site-address.ts';
import type { ArgumentReader } from './reader.ts';

export type FrontArguments = {
  /** What the build of the site is given. Absent: no site. */
  readonly site?: Readonly<Record<string, string>>;
};

export function readFront({ text, isOn, report }: ArgumentReader): FrontArguments {
  if (isOn('LIVE_PAGE', 'off'))
    report(
      'LIVE_PAGE is on, but the site and the endpoint of this stack have different addresses. Remove LIVE_PAGE from .env.',
    );
  const siteUrl = text('SITE_URL');
  const siteProblem = siteUrl === undefined ? undefined : siteAddressProblem(siteUrl);
  if (siteProblem !== undefined) report(siteProblem);
  const repository = text('REPOSITORY_URL');
  if (repository !== undefined && !URL.canParse(repository))
    report(
      `REPOSITORY_URL is "${repository}", which is not an address. Set it to the page of the repository, for example REPOSITORY_URL=https://github.com/OWNER/NAME`,
    );
  if (!isOn('SITE', 'on')) return {};
  return { site: defined({ SITE_URL: siteUrl, REPOSITORY_URL: repository }) };
}
