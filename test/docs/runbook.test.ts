import { expect, test } from 'vitest';
import { readPage } from './pages.ts';

const between = (page: string, from: string, to: string): string =>
  page.split(`\n## ${from}\n`)[1]?.split(`\n## ${to}\n`)[0] ?? '';

test('the runbook has a first step for every alarm, and a link to what it means', async () => {
  const runbook = between(await readPage('runbook.md'), 'Alarms', 'Who to call');
  // test/stack compares these headings with the alarms that are deployed.
  const explained = between(
    await readPage('operate.md'),
    'Alarms',
    'When the prober suspects itself',
  );
  const alarms = [...explained.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);
  expect(alarms.length).toBeGreaterThan(10);
  const rows = [...runbook.matchAll(/^\| \[(\w+)\]\(operate\.md#(\w+)\) \| \S.+ \|$/gm)];
  expect(rows.map(([, name]) => name)).toEqual(alarms);
  for (const [, name, anchor] of rows) expect(anchor).toBe(name?.toLowerCase());
});
