/**
 * The reference pages, each with the file that its text is in. Links to these files lead to the
 * page.
 */
export const sources = {
  'reference/cli': 'cli/commands/commands.ts',
  'reference/endpoint': 'functions/routes/contract.ts',
  'reference/mcpserver': 'manifests/crd/crd.yaml',
  'reference/glossary': 'functions/model/glossary.ts',
  'reference/settings': 'functions/model/settings-table.ts',
} as const satisfies Record<string, string>;
export type Reference = keyof typeof sources;

/** The file of the repository that has the text of a page. The first page has an empty id. */
export const sourceOf = (id: string): string =>
  (id === '404' ? 'site/src/pages/404.astro' : undefined) ??
  (id === 'changelog' ? 'CHANGELOG.md' : undefined) ??
  (id.startsWith('reasons/') ? 'functions/model/glossary.ts' : undefined) ??
  (id.startsWith('problems/') ? 'site/reference/problem-texts.ts' : undefined) ??
  (id.startsWith('sign-in/') ? 'functions/model/sign-in-findings.ts' : undefined) ??
  Object.entries(sources).find(([page]) => page === id)?.[1] ??
  `docs/${id || 'index'}.md`;
