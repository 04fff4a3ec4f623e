import { markdownToHtml } from 'satteri';
import { expect, test } from 'vitest';
import { markers } from '../../site/markdown/markers.ts';

test.each(['table: states', 'bench: probe', 'bench: end', 'before: sweep', 'world: events'])(
  'the site leaves out the comment "%s", which only tests read',
  (comment) => {
    const { html } = markdownToHtml(`one\n\n<!-- ${comment} -->\n\ntwo\n`, {
      mdastPlugins: [markers],
    });
    expect(html.replace(/\s+/g, '')).toBe('<p>one</p><p>two</p>');
  },
);
