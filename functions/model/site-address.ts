/**
 * Why a text cannot be the address of the site. Undefined: it can. The pages link to each other
 * from the root of their host, so the site cannot be below a path.
 */
export function siteAddressProblem(text: string): string | undefined {
  const example = 'Set it to the address alone, for example SITE_URL=https://docs.example.com';
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return `SITE_URL is "${text}", which is not an address of the web. ${example}`;
  if (`${url.origin}/` !== url.href)
    return `SITE_URL is "${text}". The site must be at the root of its host. ${example}`;
  return undefined;
}
