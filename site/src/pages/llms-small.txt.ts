import type { APIRoute } from 'astro';
import { pageTexts } from '../page-text.ts';

/** How the project is made, and pages that repeat one row of a table each. */
const left =
  /^(changelog|comparison|contributing|decisions|dependencies|performance|reasons\/|sign-in\/)/;

/** The guides and the reference in one file. */
export const GET: APIRoute = async ({ site }) =>
  new Response(
    (await pageTexts(site))
      .filter(({ id }) => !left.test(id))
      .map(({ markdown }) => markdown)
      .join('\n---\n\n'),
  );
