import { settings } from '../../functions/settings.ts';
import { code, page, table } from './markdown-pieces.ts';

type Setting = { readonly summary: string; readonly fallback?: string };

/** The settings of the functions, from the table that they are read through. */
export const settingsPage = (): string =>
  page(
    '# Settings',
    'The functions are set up by environment variables. Those without a fallback must be given; a function that misses one says which.',
    table(
      ['setting', 'decides', 'without it'],
      Object.entries<Setting>(settings).map(([name, { summary, fallback }]) => [
        code(name),
        summary,
        fallback === undefined ? '**must be given**' : fallback === '' ? 'nothing' : code(fallback),
      ]),
    ),
    'The command line has one of its own: `MUSTER_ENDPOINT`, the Function URL, which `--endpoint` overrides.',
  );
