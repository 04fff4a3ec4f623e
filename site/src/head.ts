import { readFile } from 'node:fs/promises';

/**
 * Title and description of a page of `docs/`: its first heading, and as many of its first paragraphs
 * as say something. Throws where a page has no heading.
 */
export async function headOf(
  path: string,
): Promise<{ readonly title: string; readonly description: string }> {
  const text = await readFile(path, 'utf8');
  const [, title, below = ''] = /^# (.+)$([\s\S]*)/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`${path} has no title. Start it with "# Title".`);
  let description = '';
  for (const paragraph of paragraphsIn(below)) {
    if (description.length >= fewestCharacters) break;
    description = `${description} ${paragraph}`.trim();
  }
  return { title: plain(title), description: shortened(description || plain(title)) };
}

/** Paragraphs as text, without code, tables, lists, and the sentence that every page has. */
const paragraphsIn = (markdown: string): readonly string[] =>
  markdown
    .replace(/^```[\s\S]*?^```$/gm, '')
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => /^[\w*`[]/.test(block) && !/^\d+\. |^\* /.test(block))
    .map((block) => plain(block).replace(/ ?The glossary defines (the|its) terms\.$/, ''))
    .filter((block) => block !== '');

const plain = (markdown: string): string =>
  markdown
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/[*`]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Less than this says too little on a page of results. */
const fewestCharacters = 50;
/** Search engines show about this much. */
const mostCharacters = 155;

function shortened(text: string): string {
  if (text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters).replace(/[\s,;:]+\S*$/, '')} ...`;
}
