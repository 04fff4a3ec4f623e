/** The section about an alarm: on the site, or in the repository. */
export const alarmPage = (name: string, siteUrl: string | undefined): string =>
  siteUrl === undefined
    ? `docs/operate.md#${name.toLowerCase()}`
    : `${siteUrl.replace(/\/+$/, '')}/operate/#${name.toLowerCase()}`;
