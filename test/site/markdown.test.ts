import { markdownToHtml } from 'satteri';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hastPlugins, mdastPlugins } from '../../site/markdown.ts';

const fileURL = new URL('../../docs/index.md', import.meta.url);
const html = (markdown: string): string =>
  markdownToHtml(markdown, {
    fileURL,
    mdastPlugins,
    hastPlugins,
  }).html;

afterEach(() => vi.unstubAllEnvs());

describe('links that work on a forge work on the site', () => {
  test.each([
    ['a page', '[x](list.md)', 'href="/list/"'],
    ['a part of a page', '[x](list.md#in-scripts)', 'href="/list/#in-scripts"'],
    ['the first page', '[x](index.md)', 'href="/"'],
    [
      'a file of the code that has a page',
      '[x](../cli/commands/commands.ts)',
      'href="/reference/cli/"',
    ],
    ['another host', '[x](https://example.com/a.md)', 'href="https://example.com/a.md"'],
    ['a part of the same page', '[x](#below)', 'href="#below"'],
  ])('%s', (_, markdown, wanted) => expect(html(markdown)).toContain(wanted));

  test('another file leads to the forge, where it is known', () => {
    vi.stubEnv('REPOSITORY_URL', 'https://forge.example.com/owner/name/');
    expect(html('[x](../manifests/rbac.yaml)')).toContain(
      'href="https://forge.example.com/owner/name/blob/main/manifests/rbac.yaml"',
    );
  });
  test('and is named where it is not', () => {
    vi.stubEnv('REPOSITORY_URL', undefined);
    expect(html('[x](../manifests/rbac.yaml)')).toContain(
      '<p><code>manifests/rbac.yaml</code></p>',
    );
  });
  test('a page that is not there stops the build', () => {
    expect(() => html('[x](nowhere.md)')).toThrow(
      'A page links to docs/nowhere.md, which does not exist.',
    );
  });
});

describe('a diagram', () => {
  test('is a drawing with a caption, and asks nobody for a font', () => {
    const drawn = html('```mermaid From a to b\nflowchart LR\n  a --> b\n```');
    expect(drawn).toContain('<figcaption>From a to b</figcaption>');
    expect(drawn).toMatch(/<svg role="img" aria-label="From a to b"/);
    expect(drawn).not.toMatch(/@import|fonts\.g/);
  });
  test('without a caption stops the build', () => {
    expect(() => html('```mermaid\nflowchart LR\n  a --> b\n```')).toThrow(
      'A diagram needs a caption',
    );
  });
});

test('the title is not repeated, notes to the tests are not shown, and a table scrolls by itself', () => {
  const page = html(
    '# Title\n\n<!-- before: muster auth login -->\n\n| | b |\n|---|---|\n| c | d |\n',
  );
  expect(page).not.toMatch(/Title|before/);
  expect(page).toMatch(
    /<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table>/i,
  );
  expect(page).not.toContain('<th></th>');
});

test('a part of a page becomes tabs, and stays a page of headings without a script', () => {
  const page = html(
    '<!-- site: tabs: MCP clients -->\n\n### A\n\nfirst\n\n### B\n\nsecond\n\n<!-- site: end of tabs -->\n\nrest\n',
  );
  expect(page).toMatch(
    /^<muster-tabs data-label="MCP clients">\s*<h3>A<\/h3>\s*<p>first<\/p>\s*<h3>B<\/h3>\s*<p>second<\/p>\s*<\/muster-tabs>\s*<p>rest/,
  );
});

test('the explorer brings the table of all cases', () => {
  expect(html('<!-- site: explorer -->')).toContain('<table class="cases">');
});

describe('a value of STATE or SESSION', () => {
  test.each([
    ['Connected', 'good'],
    ['Authenticated', 'good'],
    ['Authenticated [SSO: Forwarded]', 'good'],
    ['Connecting', 'warn'],
    ['Pending Auth', 'warn'],
    ['Failed', 'bad'],
    ['Expired', 'bad'],
    ['-', 'none'],
  ])('%s has its color', (value, tone) =>
    expect(html(`\`${value}\``).trim()).toBe(
      `<p><code class="status status-${tone}">${value}</code></p>`,
    ),
  );
  test.each(['`ConnectedTo`', '`--state Failed`', 'Failed'])('%s is none', (markdown) =>
    expect(html(markdown)).not.toContain('status'),
  );
});

describe('a term of the glossary', () => {
  test('is explained where it is used first, and only there', () => {
    const page = html('A Sweep writes it. Two sweeps do not.\n\n- The next sweep does.\n');
    expect(page).toMatch(
      /A <a class="term" href="\/glossary\/#sweep" data-definition="One run over all [^"]+">Sweep<\/a> writes/,
    );
    expect(page.match(/class="term"/g)).toHaveLength(1);
  });
  test('is a phrase before it is a word', () =>
    expect(html('Use single sign-on.')).toContain('href="/glossary/#single-sign-on"'));
  test.each(['## The sweep', '[sweep](list.md)', '`sweep`', '| a |\n|---|\n| sweep |', 'sweeper'])(
    'is left alone in %s',
    (markdown) => expect(html(markdown)).not.toContain('class="term"'),
  );
  test('is left alone where it is an ordinary word', () =>
    expect(html('This page has a reason and a condition.')).not.toContain('class="term"'));
});

test('each name in a table of settings, arguments or terms has an address', () => {
  const page = html(
    '| setting | default |\n|---|---|\n| `GUARD_ALLOW` | `off` |\n| `A`, `B_C` | 1 |\n\n| term | meaning |\n|---|---|\n| machine key | x |\n',
  );
  for (const id of ['guard_allow', 'a', 'b_c', 'machine-key'])
    expect(page).toContain(`<a class="row-link" id="${id}" href="#${id}">`);
  expect(page.match(/row-link/g)).toHaveLength(4);
  expect(html('| setting | what | default |\n|---|---|---|\n| `A` | b | 1 |\n')).toContain(
    '<td data-head="default">1</td>',
  );
});

test('a phone shows the heads of a row that is a card, but not of two columns or of numbers', () => {
  const table = (columns: number): string => {
    const row = (text: string): string => `| ${Array(columns).fill(text).join(' | ')} |`;
    return html(`${row('head')}\n${row('---')}\n${row('cell')}\n`);
  };
  const heads = [2, 3, 6, 7].map((columns) => table(columns).match(/data-head="head"/g)?.length);
  expect(heads).toEqual([undefined, 2, 5, undefined]);
});

test('each exit code has an address', () =>
  expect(html('| exit code | means |\n|---|---|\n| 4 | down |\n')).toContain(
    '<a class="row-link" id="exit-code-4" href="#exit-code-4">',
  ));

test('two drawings on one page share no id, and no text is smaller than 12 px', () => {
  const drawing = (caption: string): string =>
    `\`\`\`mermaid ${caption}\nsequenceDiagram\n  A->>B: hello\n\`\`\`\n\n`;
  const page = html(drawing('First') + drawing('Second'));
  const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  const sizes = [...page.matchAll(/font-size="([\d.]+)"/g)].map(([, size]) => Number(size));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
});
