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
  expect(await headFrom('# One `two`\n\nThree [four](five.md)\nand **six**.\n\nSeven.\n')).toEqual({
    title: 'One two',
    description: 'Three four and six.',
  });
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
