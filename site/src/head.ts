import { readFile } from 'node:fs/promises';

/**
 * Title and description of a page of `docs/`: its first heading and its first paragraph as text.
 * Throws where a page has no heading.
 */
export async function headOf(
  path: string,
): Promise<{ readonly title: string; readonly description: string }> {
  const text = await readFile(path, 'utf8');
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`${path} has no title. Start it with "# Title".`);
  const [, paragraph = title] = /^# .+\n+((?:[^\n#|`<].*\n)+)/m.exec(text) ?? [];
  return { title: plain(title), description: shortened(plain(paragraph)) };
}

const plain = (markdown: string): string =>
  markdown
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/[*`]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Search engines show about this much. */
const mostCharacters = 155;

function shortened(text: string): string {
  if (text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters).replace(/[\s,;:]+\S*$/, '')} ...`;
}
