/**
 * `spec.url` as people see it, in every answer, message and log: scheme, host and path. User,
 * password and query are left out, because keys are kept there. What is no URL is shown up to where
 * one of them could begin: that is the problem to fix.
 */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.origin === 'null')
    return text.replace(/[?#].*$/su, '').replace(/^(.*?\/\/)?.*@/su, '$1');
  return `${url.origin}${url.pathname}`;
}
