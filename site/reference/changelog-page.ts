import { readFile } from 'node:fs/promises';

/** The page `/changelog/`: CHANGELOG.md, with its links as a page of `docs/` has them. */
export const changelogPage = async (): Promise<string> =>
  (await readFile(new URL('../../CHANGELOG.md', import.meta.url), 'utf8'))
    .replace(
      /^# Changelog\n/,
      '# Changelog\n\nWhat was added, changed and fixed in each version of muster-serverless. [Feed of the versions](/changelog.xml)\n',
    )
    .replace(/\]\(docs\//g, '](')
    .replace(/\]\((?=[A-Z]+\.md)/g, '](../');
