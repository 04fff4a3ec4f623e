/**
 * Every hint that the product can give, found in its sources: the command that it names exists with
 * these flags. The cases of the other files walk the hints that can be reached.
 */
import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { unknownCommand } from './hint-walk.ts';

type Written = { readonly file: string; readonly command: string };

/** `Run: muster ...` and a `hint` that is a command, outside comments. */
const forms = [
  /\b[Rr]un:? `?muster ([^'`"\n]+)/g,
  /\bhint\b[^'`\n]*['`](?:Run: )?muster ([^'`\n]+)/g,
];

async function written(): Promise<readonly Written[]> {
  const found: Written[] = [];
  for await (const file of glob('{functions,cli}/**/*.ts')) {
    const code = (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
      .join('\n')
      // What is filled in when it is shown.
      .replace(/ --\$\{[^{}]*\}/g, '')
      .replaceAll('${group} SUBCOMMAND', 'auth status')
      .replace(/\$\{[^{}]*\}/g, 'wild')
      .replace(/\b(NAME|URL)\b/g, 'wild');
    // What ends with a blank is a beginning that is compared.
    for (const form of forms)
      for (const [, text = ''] of code.matchAll(form))
        if (!text.endsWith(' '))
          found.push({ file, command: text.replace(/[.,)\]}]?\s*$/, '').split('. ')[0] ?? '' });
  }
  return found;
}

test('every hint in the sources names a command that exists, with its flags', async () => {
  const hints = (await written()).filter(({ command }) => !command.startsWith('[^'));
  expect(hints.length).toBeGreaterThan(20);
  expect(
    hints.flatMap(({ file, command }) => {
      const problem = unknownCommand(command);
      return problem === undefined ? [] : [`${file}: "muster ${command}" ${problem}`];
    }),
  ).toEqual([]);
});
