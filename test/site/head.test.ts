import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headOf } from '../../site/src/head.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-head-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function headFrom(text: string): ReturnType<typeof headOf> {
  await writeFile(join(folder, 'page.md'), text);
  return headOf(join(folder, 'page.md'));
}

test('title and description are the first heading and the first paragraph, in plain words', async () => {
  const text =
    'A paragraph with a [link](five.md) and **strong** words that is long enough to describe it.';
  expect(await headFrom(`# One \`two\`\n\n${text}\n\nSeven.\n`)).toEqual({
    title: 'One two',
    description: 'A paragraph with a link and strong words that is long enough to describe it.',
  });
});
test('a short first paragraph is followed by the next ones, without code, lists and tables', async () => {
  const { description } = await headFrom(
    '# One\n\nThe host is down.\n\n```sh\nping\n\nPong.\n```\n\n- item\n\n## Next step\n\nAsk the owner of the server to start it again.\n',
  );
  expect(description).toBe('The host is down. Ask the owner of the server to start it again.');
});
test('the sentence that every page has describes none', async () => {
  const { description } = await headFrom(
    '# One\n\nHow long a sweep of a thousand servers takes, measured. The [glossary](glossary.md) defines the terms.\n',
  );
  expect(description).toBe('How long a sweep of a thousand servers takes, measured.');
});
test('a page that begins with a table is described by its title', async () => {
  expect(await headFrom('# One\n\n| a |\n|---|\n')).toEqual({ title: 'One', description: 'One' });
});
test('a long paragraph ends after a whole word', async () => {
  const { description } = await headFrom(`# One\n\n${'word '.repeat(60)}\n`);
  expect(description.length).toBeLessThan(160);
  expect(description).toMatch(/word \.\.\.$/);
});
test('a page without a title stops the build', async () => {
  await expect(headFrom('No title.\n')).rejects.toThrow('has no title. Start it with "# Title".');
});
