import type { APIRoute } from 'astro';
import { addressOf, type PageText, pageTexts } from '../page-text.ts';

const sections = [
  ['Documentation', (id: string) => !id.includes('/')],
  ['Reference', (id: string) => id.startsWith('reference/')],
  ['Reasons of STATE', (id: string) => id.startsWith('reasons/')],
  ['Findings of a sign-in', (id: string) => id.startsWith('sign-in/')],
  ['Problems of the endpoint', (id: string) => id.startsWith('problems/')],
] as const;

/** The index of all pages in the form of https://llmstxt.org. */
export const GET: APIRoute = async ({ site }) => {
  const pages = await pageTexts(site);
  const line = ({ id, title, description }: PageText): string =>
    `- [${title}](${addressOf(id, site)}): ${description}`;
  const address = (file: string): string => (site === undefined ? file : new URL(file, site).href);
  return new Response(
    [
      '# muster-serverless',
      '> Answers two separate questions about every MCP server in a Kubernetes cluster. STATE: can it be reached? It has one value for everyone, in MCPServer.status. SESSION: am I signed in to it? It has one value per person.',
      `All pages in one file: [complete](${address('/llms-full.txt')}), [guides and reference only](${address('/llms-small.txt')}). Each link leads to a page as Markdown. Without \`.md\`, the address is that of the page for people.`,
      ...sections.map(
        ([title, isIn]) =>
          `## ${title}\n\n${pages
            .filter(({ id }) => isIn(id))
            .map(line)
            .join('\n')}`,
      ),
    ].join('\n\n') + '\n',
  );
};
