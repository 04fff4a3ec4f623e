import type { APIRoute } from 'astro';
import { pageTexts } from '../page-text.ts';

/** Every page in one file. */
export const GET: APIRoute = async ({ site }) =>
  new Response((await pageTexts(site)).map(({ markdown }) => markdown).join('\n---\n\n'));
