/** Entity tags of the two forms of an answer, plain and gzip (RFC 9110, sections 8.8.3 and 13.1.2). */
import { createHash } from 'node:crypto';

/** A strong tag of what an answer is made of, without its quotes. */
export function tagOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  // Their lengths keep parts apart.
  for (const part of parts) hash.update(`${String(part.length)}:`).update(part);
  return hash.digest('base64url');
}

/** Two encodings of one answer are two representations (RFC 9110, section 8.8.3.3). */
export const etagOf = (tag: string, isGzip: boolean): string =>
  isGzip ? `"${tag}${gzipEnd}"` : `"${tag}"`;

/**
 * Whether `If-None-Match` names the answer, in either form: by the weak comparison, so that a tag
 * which a cache has marked as weak still matches.
 */
export const namesTag = (header: string | undefined, tag: string): boolean => {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return [...header.matchAll(/"([^"]*)"/g)].some(
    ([, given]) => given === tag || given === `${tag}${gzipEnd}`,
  );
};

const gzipEnd = '-gzip';
