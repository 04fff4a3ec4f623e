import { existsSync } from 'node:fs';
import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import starlightLinksValidator from 'starlight-links-validator';
import starlightLlmsTxt from 'starlight-llms-txt';
import { diagrams, linksBetweenPages, markers, tablesScroll, titlesAreNotRepeated } from './markdown.ts';

/** A page has its place before it is written; until then the site does without it. */
const written = (...slugs: readonly string[]): string[] =>
  slugs.filter((slug) => existsSync(new URL(`../docs/${slug}.md`, import.meta.url)));

export default defineConfig({
  // What canonical addresses and the sitemap begin with.
  site: process.env['SITE_URL'] ?? 'https://muster.example.com',
  outDir: '../dist/site',
  cacheDir: '../node_modules/.astro',
  devToolbar: { enabled: false },
  // npm puts older ones of these on top; left outside the bundle, they would be taken for Astro's own.
  vite: { environments: { prerender: { resolve: { noExternal: ['cookie', 'js-yaml'] } } } },
  markdown: {
    processor: satteri({
      features: { smartPunctuation: false },
      mdastPlugins: [titlesAreNotRepeated, linksBetweenPages, diagrams, markers],
      hastPlugins: [tablesScroll],
    }),
  },
  integrations: [
    starlight({
      title: 'muster, serverless',
      description: 'Can it be reached, and am I signed in? Two answers about every MCP server in a Kubernetes cluster, never mixed.',
      favicon: '/favicon.svg',
      customCss: ['./src/styles/muster.css'],
      components: { EditLink: './src/components/EditLink.astro', MarkdownContent: './src/components/MarkdownContent.astro' },
      routeMiddleware: './src/route.ts',
      disable404Route: true,
      pagination: true,
      // Tables of a terminal keep their lines; everything else breaks them instead of scrolling sideways.
      expressiveCode: {
        styleOverrides: { codeFontSize: '0.8125rem' },
        defaultProps: { overridesByLang: { 'txt,sh,json,yaml': { wrap: true } } },
      },
      plugins: [
        starlightLinksValidator(),
        starlightLlmsTxt({
          projectName: 'muster, serverless',
          description:
            'Answers two questions about every MCP server in a Kubernetes cluster, apart: STATE, can it be reached (one answer for everyone, in MCPServer.status), and SESSION, am I signed in to it (one answer per person).',
          promote: ['index*', 'state-and-session*'],
        }),
      ],
      sidebar: [
        { label: 'Start', items: written('index', 'state-and-session', 'kubernetes', 'deploy') },
        { label: 'Use', items: written('list', 'sessions', 'troubleshoot') },
        { label: 'Run', items: written('operate', 'security', 'how-it-works') },
        { label: 'Reference', items: [{ autogenerate: { directory: 'reference' } }] },
        { label: 'Project', items: written('comparison', 'decisions', 'contributing') },
      ],
    }),
  ],
});
