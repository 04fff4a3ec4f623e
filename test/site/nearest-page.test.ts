import { expect, test } from 'vitest';
import { nearestPages } from '../../site/src/nearest-page.ts';

const pages = ['/', '/list/', '/sessions/', '/reference/settings/', '/reasons/dns-failure/'];

test.each([
  ['a typo', '/sesions/', ['/sessions/']],
  ['a page that is elsewhere now', '/settings/', ['/reference/settings/']],
  ['a file name', '/docs/list.html', ['/list/']],
  ['nothing like a page', '/wp-login.php', []],
  ['no name at all', '//', []],
])('%s', (_, path, wanted) => expect(nearestPages(path, pages)).toEqual(wanted));
