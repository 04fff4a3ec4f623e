import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { changelogPage } from '../../site/reference/changelog-page.ts';
import { feedOf, versionsIn } from '../../site/src/changelog-feed.ts';

const changelog =
  '# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- `a` < [b](list.md)\n\n## 0.1.0 (not released)\n\n- c\n';
const updated = new Date('2026-11-26T12:00:00Z');

test('each version is an entry with its own date, or that of the file while it is not released', () => {
  const feed = feedOf(versionsIn(changelog), updated, (markdown) => `<p>${markdown}</p>`);
  expect([...feed.matchAll(/<updated>(.+)<\/updated>/g)].map(([, time]) => time)).toEqual([
    '2026-11-26T12:00:00.000Z',
    '2026-12-01T00:00:00.000Z',
    '2026-11-26T12:00:00.000Z',
  ]);
  expect(feed).toContain('<link href="/changelog/#020-2026-12-01"/>');
  expect(feed).toContain('<id>urn:muster-serverless:changelog:0.1.0</id>');
});

test('what an entry says is escaped once', () => {
  const feed = feedOf(versionsIn(changelog), updated, (markdown) => `<p>${markdown}</p>`);
  expect(feed).toContain('&lt;p&gt;- `a` &lt; [b](list.md)&lt;/p&gt;');
});

test('the page has the text of CHANGELOG.md, with links between pages', async () => {
  const page = await changelogPage();
  const source = await readFile(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
  expect(page.match(/^## .*$/gm)).toEqual(source.match(/^## .*$/gm));
  expect(page).not.toContain('](docs/');
});
