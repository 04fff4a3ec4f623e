/**
 * Everything of a deployment belongs to a stage. A command without `--stage` acts on another one:
 * the secret is set, and the deployment still says that it is missing.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

const commands =
  /(?:npx sst (?:deploy|diff|dev|refresh|remove|secret|state|unlock)|npm run (?:deploy:check|secret|smoke) --)(?![\w-])/g;

const isRead = (file: string): boolean =>
  /^(docs\/.*\.md|README\.md|SECURITY\.md|(cli|deploy|functions|infra|site)\/.*\.(ts|yaml|md))$/.test(
    file,
  );

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
  .split('\n')
  .filter(isRead);

/** The rest of the command: to the end of its line, of its code span or of its literal. */
const commandAt = (line: string, at: number): string => /^[^`']*/.exec(line.slice(at))?.[0] ?? '';

const isComment = (line: string): boolean => /^\s*(\/\/|\*|\/\*\*|#)/.test(line);

test('every command of a deployment, on every page and in every hint, names its stage', async () => {
  const without: string[] = [];
  let found = 0;
  for (const file of files) {
    const text = await readFile(new URL(file, root), 'utf8').catch(() => '');
    for (const [index, line] of text.split('\n').entries()) {
      if (!file.endsWith('.md') && isComment(line)) continue;
      for (const match of line.matchAll(commands)) {
        found += 1;
        const command = commandAt(line, match.index);
        if (!/ --stage[ =]\S/.test(command)) without.push(`${file}:${index + 1} ${command}`);
      }
    }
  }
  expect(without).toEqual([]);
  expect(found).toBeGreaterThan(15);
});
