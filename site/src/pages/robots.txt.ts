import type { APIRoute } from 'astro';

/** Everything may be read. The sitemap needs the address of the site. */
export const GET: APIRoute = ({ site }) =>
  new Response(
    [
      'User-agent: *',
      'Allow: /',
      ...(site === undefined ? [] : ['', `Sitemap: ${new URL('/sitemap-index.xml', site).href}`]),
      '',
    ].join('\n'),
  );
