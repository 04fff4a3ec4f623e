import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { repositoryUrl } from '../address.ts';
import { lastChange } from '../history.ts';
import { searchFieldsOf } from '../search.ts';
import { sourceOf } from '../source.ts';

/**
 * The edit link and the date of a generated page are those of the code that has its text. The search
 * finds a page by the words that people type. A picture needs a full address, so there is none
 * without SITE_URL.
 */
export const onRequest = defineRouteMiddleware(({ locals: { starlightRoute }, site }) => {
  const { entry, head } = starlightRoute;
  const source = sourceOf(entry.id);
  const edit = repositoryUrl(`edit/main/${source}`);
  starlightRoute.editUrl = edit === undefined ? undefined : new URL(edit);
  starlightRoute.lastUpdated = lastChange(source);

  for (const [field, words] of Object.entries(searchFieldsOf(entry.id)))
    if (words.length > 0)
      head.push({
        tag: 'meta',
        attrs: {
          name: field,
          content: words.join(', '),
          'data-pagefind-meta': `${field}[content]`,
        },
      });
  if (entry.id !== '404')
    head.push({
      tag: 'link',
      attrs: { rel: 'alternate', type: 'text/markdown', href: `/${entry.id || 'index'}.md` },
    });
  const card = head.find(({ attrs }) => attrs?.['name'] === 'twitter:card');
  if (site === undefined) {
    if (card?.attrs !== undefined) card.attrs['content'] = 'summary';
    return;
  }
  const picture = { ...pictureSize, alt: pictureText };
  head.push(meta('og:image', new URL('/social.png', site).href));
  for (const [name, value] of Object.entries(picture)) head.push(meta(`og:image:${name}`, value));
});

const pictureSize = { width: '1200', height: '630' } as const;
const pictureText =
  'A terminal runs muster list mcpserver. It prints STATE and SESSION of four MCP servers.';

const meta = (property: string, content: string) =>
  ({ tag: 'meta', attrs: { property, content }, content: '' }) as const;
