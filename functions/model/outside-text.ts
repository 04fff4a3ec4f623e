/**
 * Text from outside (issuers, MCP servers, manifests, endpoints) as it may be stored, logged, shown
 * or written into a status: one line of at most `most` characters, without control, format or
 * direction characters, so that it can neither forge a line nor steer a terminal.
 */
export function oneLine(text: string, most: number): string {
  // Nearly every cell of a table.
  if (text.length <= most && printable.test(text)) return text;
  const plain = text.replace(invisible, ' ').replace(/\s+/gu, ' ').trim();
  return plain.length <= most ? plain : `${cutAt(plain, most - 1)}…`;
}

/**
 * Of a sentence in a status, an Event, an answer or a report, in characters: the API server refuses
 * an Event with a longer note.
 */
export const longestMessage = 1024;

/** ASCII without anything that would be changed: linear, and a fifth of the time. */
const printable = /^[!-~]+(?: [!-~]+)*$/;

// Cc control, Cf format (zero-width, direction, soft hyphen, tags), Cs lone surrogates, Co private
// use, Zl and Zp line separators.
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Never between the halves of a character outside the basic plane. */
function cutAt(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const isHigh = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHigh ? length - 1 : length).trimEnd();
}

/**
 * The same, without anything that could be a secret: JWTs, what follows a scheme in an
 * Authorization header, the query of an address, and every run of 20 or more characters of the
 * alphabet of tokens (RFC 6750, section 2.1), which words of a language do not have.
 */
export const oneLineWithoutSecrets = (text: string, most: number): string =>
  oneLine(
    text
      .replace(/(?<=\b(?:Bearer|DPoP|Basic) +)[^\s,]+/giu, leftOut)
      .replace(/(?<=\?)[^\s#]+/gu, leftOut)
      .replace(/[\w.~+/=-]{20,}/gu, leftOut),
    most,
  );

const leftOut = '[left out]';
