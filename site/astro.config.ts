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

/** Pages that are listed here and not written yet are left out. */
const written = (...slugs: readonly string[]): string[] =>
  slugs.filter((slug) => existsSync(new URL(`../docs/${slug}.md`, import.meta.url)));

/** Code that scrolls can be scrolled by keyboard, and is not a landmark of the page. */
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
  // npm hoists older versions of these. Outside the bundle they would be used instead of Astro's
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
        'Shows for every MCP server in a Kubernetes cluster whether it can be reached and whether you are signed in to it.',
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
            'Answers two separate questions about every MCP server in a Kubernetes cluster. STATE: can it be reached (one answer for everyone, in MCPServer.status)? SESSION: am I signed in to it (one answer per person)?',
          promote: ['index*', 'state-and-session*'],
        }),
      ],
      sidebar: [
        {
          label: 'Get started',
          items: written('index', 'state-and-session', 'kubernetes', 'deploy'),
        },
        {
          label: 'Use',
          items: written('list', 'one-server', 'sessions', 'clients', 'live-page', 'scripts', 'troubleshoot'),
        },
        { label: 'Operate', items: written('operate', 'security', 'how-it-works', 'performance') },
        {
          label: 'Reference',
          items: [...written('terminal', 'glossary'), { autogenerate: { directory: 'reference' } }],
        },
        {
          label: 'Reasons',
          collapsed: true,
          items: [{ autogenerate: { directory: 'reasons' } }],
        },
        {
          label: 'Sign-in findings',
          collapsed: true,
          items: [{ autogenerate: { directory: 'sign-in' } }],
        },
        {
          label: 'Project',
          items: written('comparison', 'decisions', 'dependencies', 'contributing'),
        },
      ],
    }),
  ],
});
