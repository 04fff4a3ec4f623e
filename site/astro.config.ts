import { existsSync } from 'node:fs';
import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import starlightLinksValidator from 'starlight-links-validator';
import { defined } from '../functions/model/defined.ts';
import { repositoryUrl, siteUrl } from './address.ts';
import { codeBlockPlugins } from './code-blocks.ts';
import { hastPlugins, mdastPlugins } from './markdown.ts';
import { ranking } from './search.ts';

/** Pages that are listed here and not written yet are left out. */
const written = (...slugs: readonly string[]): string[] =>
  slugs.filter((slug) => existsSync(new URL(`../docs/${slug}.md`, import.meta.url)));

/** The repository in the header, with the sign of its forge. */
const repository = repositoryUrl();
const forge = (['github', 'gitlab', 'codeberg'] as const).find((name) =>
  repository?.includes(`${name}.`),
);

export default defineConfig({
  // What canonical addresses, the sitemap and the picture begin with. Without it, there are none.
  ...defined({ site: siteUrl() }),
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
      mdastPlugins,
      hastPlugins,
    }),
  },
  integrations: [
    starlight({
      title: 'muster-serverless',
      description:
        'Shows for every MCP server in a Kubernetes cluster whether it can be reached and whether you are signed in to it.',
      favicon: '/favicon.svg',
      head: [
        {
          tag: 'link',
          attrs: {
            rel: 'alternate',
            type: 'application/atom+xml',
            title: 'Changelog of muster-serverless',
            href: '/changelog.xml',
          },
        },
      ],
      social:
        repository === undefined
          ? []
          : [{ icon: forge ?? 'seti:git', label: 'Repository', href: repository }],
      customCss: ['./src/styles/muster.css', './src/styles/cases.css'],
      components: {
        EditLink: './src/components/EditLink.astro',
        Footer: './src/components/Footer.astro',
        MarkdownContent: './src/components/MarkdownContent.astro',
      },
      routeMiddleware: './src/route.ts',
      disable404Route: true,
      pagefind: { ranking },
      pagination: true,
      // Tables of a terminal keep their lines; everything else breaks them instead of scrolling
      // sideways.
      expressiveCode: {
        plugins: codeBlockPlugins,
        styleOverrides: { codeFontSize: '0.8125rem' },
        defaultProps: { overridesByLang: { 'txt,sh,json,yaml': { wrap: true } } },
      },
      plugins: [starlightLinksValidator({ exclude: ['/changelog.xml'] })],
      sidebar: [
        {
          label: 'Get started',
          items: written('index', 'state-and-session', 'first-server', 'install', 'faq'),
        },
        {
          label: 'Use',
          items: written(
            'list',
            'one-server',
            'sessions',
            'clients',
            'live-page',
            'scripts',
            'troubleshoot',
          ),
        },
        {
          label: 'Guides',
          items: written(
            'kubernetes',
            'deploy',
            'cluster-access',
            'secrets',
            'address',
            'pipeline',
            'single-sign-on',
            'registered-clients',
            'migrate',
          ),
        },
        {
          label: 'Operate',
          items: written('runbook', 'operate', 'alerts', 'security', 'how-it-works', 'performance'),
        },
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
          label: 'Problem documents',
          collapsed: true,
          items: [{ autogenerate: { directory: 'problems' } }],
        },
        {
          label: 'Project',
          items: written('changelog', 'comparison', 'decisions', 'dependencies', 'contributing'),
        },
      ],
    }),
  ],
});
