/** CHANGELOG.md as an Atom feed (RFC 4287) with an entry for each version. */

type Version = { readonly title: string; readonly id: string; readonly markdown: string };

/** The sections of the second level, the newest first. */
export const versionsIn = (changelog: string): readonly Version[] =>
  changelog
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = '', ...lines] = section.split('\n');
      const [version = title] = title.split(' ');
      return { title, id: version, markdown: lines.join('\n').trim() };
    });

/**
 * The feed. Ids do not depend on where the site is. Addresses are relative to that of the feed, so
 * it is also right where the build does not know the site.
 */
export const feedOf = (
  versions: readonly Version[],
  updated: Date,
  htmlOf: (markdown: string) => string,
): string => `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title>Changelog of muster-serverless</title>
  <id>urn:muster-serverless:changelog</id>
  <author><name>muster-serverless</name></author>
  <link rel="self" href="/changelog.xml"/>
  <link href="/changelog/"/>
  <updated>${updated.toISOString()}</updated>
${versions
  .map(
    ({ title, id, markdown }) => `  <entry>
    <title>${text(title)}</title>
    <id>urn:muster-serverless:changelog:${text(id)}</id>
    <link href="/changelog/#${anchorOf(title)}"/>
    <updated>${(dateIn(title) ?? updated).toISOString()}</updated>
    <content type="html">${text(htmlOf(markdown))}</content>
  </entry>`,
  )
  .join('\n')}
</feed>
`;

/** `## 0.2.0 (2026-12-01)` says when the version was released. */
function dateIn(title: string): Date | undefined {
  const [date] = /\d{4}-\d\d-\d\d/.exec(title) ?? [];
  return date === undefined ? undefined : new Date(date);
}

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');

const text = (value: string): string =>
  value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
