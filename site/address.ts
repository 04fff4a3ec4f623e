/** Where this site and its repository are, from the environment of the build. */
import { siteAddressProblem } from '../functions/model/site-address.ts';

/**
 * The address of the site, without which a page claims none. Throws where SITE_URL is not the root
 * of a host.
 */
export function siteUrl(): string | undefined {
  const text = process.env['SITE_URL'];
  if (!text) return undefined;
  const problem = siteAddressProblem(text);
  if (problem !== undefined) throw new Error(problem);
  return new URL(text).href;
}

/** The address of a path on the forge. Undefined: REPOSITORY_URL is not set. */
export function repositoryUrl(path = ''): string | undefined {
  const repository = process.env['REPOSITORY_URL'];
  return repository ? `${repository.replace(/\/+$/, '')}/${path}`.replace(/\/$/, '') : undefined;
}
