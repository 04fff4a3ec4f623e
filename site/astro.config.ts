import { existsSync } from 'node:fs';
import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { definePlugin } from '@astrojs/starlight/expressive-code';
import { defineConfig } from 'astro/config';
import starlightLinksValidator from 'starlight-links-validator';
import starlightLlmsTxt from 'starlight-llms-txt';
import {
  diagrams,
  emptyHeadersAreCells,
  linksBetweenPages,
  markers,
  tablesScroll,
  titlesAreNotRepeated,
} from './markdown.ts';

/** A page has its place before it is written; until then the site does without it. */
const written = (...slugs: readonly string[]): string[] =>
  slugs.filter((slug) => existsSync(new URL(`../docs/${slug}.md`, import.meta.url)));

/**
 * Code that scrolls can be scrolled by keyboard from the first moment, and is no landmark of the
 * page.
 */
const scrollsByKeyboard = definePlugin({
  name: 'scrolls-by-keyboard',
  hooks: {
    postprocessRenderedBlock: ({ renderData: { blockAst } }) => {
      for (const node of blockAst.children)
        if (node.type === 'element' && node.tagName === 'pre') node.properties['tabIndex'] = 0;
    },
  },
});

export default defineConfig({
  // What canonical addresses and the sitemap begin with.
  site: process.env['SITE_URL'] ?? 'https://muster.example.com',
  cacheDir: '../node_modules/.astro',
  // A page is drawn with its first answer: the style of the whole site is 12 KB on the wire.
  build: { inlineStylesheets: 'always' },
  devToolbar: { enabled: false },
  // npm puts older ones of these on top; left outside the bundle, they would be taken for Astro's
  // own.
  vite: { environments: { prerender: { resolve: { noExternal: ['cookie', 'js-yaml'] } } } },
  markdown: {
    processor: satteri({
      features: { smartPunctuation: false },
      mdastPlugins: [titlesAreNotRepeated, linksBetweenPages, diagrams, markers],
      hastPlugins: [tablesScroll, emptyHeadersAreCells],
    }),
  },
  integrations: [
    starlight({
      title: 'muster-serverless',
      description:
        'Can it be reached, and am I signed in? Two answers about every MCP server in a Kubernetes cluster, never mixed.',
      favicon: '/favicon.svg',
      customCss: ['./src/styles/muster.css'],
      components: {
        EditLink: './src/components/EditLink.astro',
        MarkdownContent: './src/components/MarkdownContent.astro',
      },
      routeMiddleware: './src/route.ts',
      disable404Route: true,
      pagination: true,
      // Tables of a terminal keep their lines; everything else breaks them instead of scrolling
      // sideways.
      expressiveCode: {
        plugins: [scrollsByKeyboard],
        styleOverrides: { codeFontSize: '0.8125rem' },
        defaultProps: { overridesByLang: { 'txt,sh,json,yaml': { wrap: true } } },
      },
      plugins: [
        starlightLinksValidator(),
        starlightLlmsTxt({
          projectName: 'muster-serverless',
          description:
            'Answers two questions about every MCP server in a Kubernetes cluster, apart: STATE, can it be reached (one answer for everyone, in MCPServer.status), and SESSION, am I signed in to it (one answer per person).',
          promote: ['index*', 'state-and-session*'],
        }),
      ],
      sidebar: [
        { label: 'Start', items: written('index', 'state-and-session', 'kubernetes', 'deploy') },
        { label: 'Use', items: written('list', 'sessions', 'troubleshoot') },
        { label: 'Run', items: written('operate', 'security', 'how-it-works') },
        {
          label: 'Reference',
          items: [...written('glossary'), { autogenerate: { directory: 'reference' } }],
        },
        {
          label: 'Project',
          items: written('comparison', 'decisions', 'dependencies', 'contributing'),
        },
      ],
    }),
  ],
});
