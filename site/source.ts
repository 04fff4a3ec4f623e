/**
 * The reference pages, each with the file that its words are in. Links to these files lead to the
 * page.
 */
export const sources = {
  'reference/cli': 'cli/commands/commands.ts',
  'reference/function-url': 'functions/routes/contract.ts',
  'reference/mcpserver': 'manifests/crd.yaml',
  'reference/words': 'functions/model/glossary.ts',
  'reference/settings': 'functions/settings.ts',
} as const satisfies Record<string, string>;
export type Reference = keyof typeof sources;

/** The file of the repository that a page is written in. The first page has an empty id. */
export const sourceOf = (id: string): string =>
  Object.entries(sources).find(([page]) => page === id)?.[1] ?? `docs/${id || 'index'}.md`;
