import { code, page, table } from './markdown-pieces.ts';
import { settings } from '../../functions/model/settings-table.ts';

type Setting = { readonly summary: string; readonly fallback?: string };

/** The settings of the functions, from the table that they are read through. */
export const settingsPage = (): string =>
  page(
    '# Settings',
    'Environment variables of the functions. A setting without a default is required. A function that lacks one fails and names it.',
    table(
      ['setting', 'description', 'default'],
      Object.entries<Setting>(settings).map(([name, { summary, fallback }]) => [
        code(name),
        summary,
        fallback === undefined ? '**required**' : fallback === '' ? 'none' : code(fallback),
      ]),
    ),
    'The command line reads the address of the endpoint from `MUSTER_SERVERLESS_ENDPOINT`, else from `MUSTER_ENDPOINT`. `--endpoint` overrides both.',
  );
