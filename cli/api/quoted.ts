import { oneLine } from '../../functions/model/outside-text.ts';

/**
 * A text of the other side for an error message: one line, at most `most` characters, without what
 * we sent it in confidence and without anything that looks like a token.
 */
export function quoted(
  value: unknown,
  secrets: readonly unknown[],
  most: number,
): string | undefined {
  if (typeof value !== 'string') return undefined;
  const plain = secrets
    .filter((secret) => typeof secret === 'string')
    .filter((secret) => secret.length >= shortestSecret)
    .reduce((text, secret) => text.replaceAll(secret, '[left out]'), value.slice(0, 10_000))
    .replace(/eyJ[\w-]{10,}(\.[\w-]*)*/g, '[left out]');
  const line = oneLine(plain, most);
  return line === '' ? undefined : line;
}

/** What is shorter is a name or a kind of grant. */
const shortestSecret = 16;
