/**
 * A JSON value as YAML 1.2 in block style. Own code: the library costs every start of the command 4
 * ms, used or not (measured).
 */
export function yaml(value: unknown): string {
  return `${block(value, '').trimStart()}\n`;
}

/** What follows a key or a dash: a scalar on the same line, or lines below it. */
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value
      .map((item) => `\n${indent}-${block(item, `${indent}  `).replace(/^\n +/, ' ')}`)
      .join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    if (entries.length === 0) return ' {}';
    return entries
      .map(([key, member]) => `\n${indent}${scalar(key)}:${block(member, `${indent}  `)}`)
      .join('');
  }
  return ` ${scalar(value)}`;
}

/**
 * JSON is YAML, so a quoted string is always right; text that YAML cannot misread goes without
 * quotes.
 */
const scalar = (value: unknown): string =>
  typeof value === 'string' &&
  /^[a-z]{2}[a-z0-9_./-]*( [a-z0-9_./-]+)*$/i.test(value) &&
  !reserved.test(value)
    ? value
    : json(value);

/** Text that YAML 1.1 or 1.2 reads as something else. */
const reserved = /^(true|false|null|yes|no|on|off)$/i;

/**
 * As JSON.stringify, with the characters escaped that it leaves alone though terminals obey them or
 * hide what follows: control (U+007F to U+009F), format and direction, line separators.
 */
const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(
    /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    // One beyond the basic plane is two units, as JSON writes it.
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );

/** A value as JSON or YAML. */
export const structured = (value: unknown, format: 'json' | 'yaml'): string =>
  format === 'json' ? `${json(value, 2)}\n` : yaml(value);

/** A value as JSON on one line. */
export const jsonLine = (value: unknown): string => `${json(value)}\n`;

export const isStructured = (format: string | undefined): format is 'json' | 'yaml' =>
  format === 'json' || format === 'yaml';
