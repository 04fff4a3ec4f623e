import { markdownToHtml } from 'satteri';
import { expect, test } from 'vitest';
import { caseTables } from '../../site/markdown/case-tables.ts';
import { linksBetweenPages } from '../../site/markdown/links.ts';
import { markers } from '../../site/markdown/markers.ts';
import { tablesScroll } from '../../site/markdown/tables.ts';
import { reasonLinks } from '../../site/markdown/reason-links.ts';

const fileURL = new URL('../../docs/state-and-session.md', import.meta.url);
const html = (markdown: string): string =>
  markdownToHtml(markdown, {
    fileURL,
    mdastPlugins: [linksBetweenPages, markers],
    hastPlugins: [caseTables, reasonLinks, tablesScroll],
  }).html;

test('a cell of the nine cases names its person, and has a line for each command', () => {
  const page = html(
    '| the server | signed in | signed out |\n|---|---|---|\n| **answers** | kubectl: `Connected`<br>list: `Connected` `-`<br>**Use it.** | kubectl: `Failed`<br>status: no servers |\n',
  );
  const [first = '', second = ''] = page.match(/<td class="case">.*?<\/td>/gs) ?? [];
  expect(first).toContain('<span class="case-person">signed in</span>');
  expect(second).toContain('<span class="case-person">signed out</span>');
  expect(first).toContain(
    '<span class="case-command">list: </span><span class="case-values"><code>Connected</code> <code>-</code></span>',
  );
  expect(first).toContain('<span class="case-next"><strong>Use it.</strong></span>');
  expect(second).toContain('<span class="case-values">no servers</span>');
  expect(page).toContain('<td><strong>answers</strong></td>');
});

test('another table stays as it is', () => {
  expect(html('| a | b |\n|---|---|\n| c | one<br>two |\n')).toContain('<td>one<br>two</td>');
});

test('in a table, a reason leads to its page', () => {
  const page = html('`DNSFailure`\n\n| reason |\n|---|\n| `DNSFailure` |\n| `Nonsense` |\n');
  expect(page).toContain('<td><a href="/reasons/dns-failure/"><code>DNSFailure</code></a></td>');
  expect(page).toContain('<p><code>DNSFailure</code></p>');
  expect(page).toContain('<td><code>Nonsense</code></td>');
});

test('a page can lead into a state of the explorer', () => {
  expect(html('[500](state-and-session.md?answer=500#explorer)')).toContain(
    'href="/state-and-session/?answer=500#explorer"',
  );
});

test('two parts of a page are beside each other', () => {
  expect(html('<!-- site: columns -->\n\n### A\n\n<!-- site: end of columns -->\n')).toMatch(
    /^<div class="side-by-side">\s*<h3>A<\/h3>\s*<\/div>/,
  );
});

test('the search does not find the table of all cases', () => {
  expect(html('<!-- site: explorer -->')).toMatch(/ data-pagefind-ignore [^>]*><table/);
});
