import { oneLine } from '../../functions/model/outside-text.ts';

/** Browsers and issuers take no longer ones; Windows takes 32,767 characters in one command. */
const longest = 8_192;

/** https anywhere, http on this machine only, and never a user name or a password in it. */
export const isSafe = (url: URL): boolean =>
  !hasCredentials(url) &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)));

/** A host that is this machine. Names below localhost are left to DNS by many systems: not they. */
export const isLoopback = ({ hostname }: URL): boolean =>
  /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);

export const hasCredentials = ({ username, password }: URL): boolean =>
  username !== '' || password !== '';

/**
 * An address that an endpoint or an issuer names, if it may be printed, opened and contacted; else
 * undefined. It is https, or http on this machine; without credentials, blanks, control, format or
 * direction characters; at most 8,192 characters. Only what is on this machine itself (`from`)
 * names another address of this machine: everything else would reach local services through us.
 */
export function webAddress(text: string, from: string): URL | undefined {
  if (text.length > longest || /\s/u.test(text) || oneLine(text, longest) !== text)
    return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!isSafe(url)) return undefined;
  return isLoopback(url) && !isLoopback(new URL(from)) ? undefined : url;
}

/**
 * The address in ASCII, without any character that a shell reads, should the opener of a desktop be
 * a script with a mistake. `&`, `;`, `*` and `?` stay: they belong to addresses.
 */
export const openable = ({ href }: URL): string =>
  href.replace(
    /[^\w\-.~:/?#[\]@!&*+,;=%]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
