/**
 * What a color means, not which one it is: `good`, `bad` and `warn` go with a word that says the
 * same, because a color is never the only sign.
 */
export type Style = 'good' | 'bad' | 'warn' | 'dim' | 'bold';
export type Paint = (style: Style, text: string) => string;

/**
 * Begin and end of each style (ECMA-48, 8.3.117): green, red, yellow, faint, bold. A table of our
 * own, because `styleText` of node:util is not in the oldest Node that the command runs on.
 */
const codes: Readonly<Record<Style, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

const sequence = (code: number): string => `\u001B[${String(code)}m`;

export type ColorWish = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  /** `--no-color` */
  readonly noColor: boolean;
};

/**
 * Whether colors are printed. First match wins: `--no-color` and NO_COLOR (no-color.org: set, and
 * not empty) turn them off; CLICOLOR_FORCE and FORCE_COLOR turn them on also in a pipe; CLICOLOR=0
 * and TERM=dumb turn them off; else they are for terminals only.
 */
export function isColorOn({ environment, isTerminal, noColor }: ColorWish): boolean {
  const given = (name: string) => environment[name] ?? '';
  if (noColor || given('NO_COLOR') !== '') return false;
  for (const name of ['CLICOLOR_FORCE', 'FORCE_COLOR'])
    if (given(name) !== '') return !off.has(given(name));
  return isTerminal && given('CLICOLOR') !== '0' && given('TERM') !== 'dumb';
}

const off: ReadonlySet<string> = new Set(['0', 'false']);

/** The text in its style, or as it is where colors are off. */
export const painter = (isOn: boolean): Paint =>
  isOn
    ? (style, text) => {
        const [begin, end] = codes[style];
        return `${sequence(begin)}${text}${sequence(end)}`;
      }
    : (_style, text) => text;

/**
 * The last line of defense: nothing that controls a terminal reaches it, whatever its source, but
 * the codes that a `painter` makes, and these only where colors are on.
 */
export const harmless = (text: string, isColorOn = false): string =>
  text.replace(isColorOn ? controlsButPaint : controls, '');

const controls = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const painted = [...new Set(Object.values(codes).flat())].join('|');
const controlsButPaint = new RegExp(
  `(?!\\n|\\u001B\\[(?:${painted})m)[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]`,
  'gu',
);
