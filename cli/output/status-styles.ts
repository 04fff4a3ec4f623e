import { cellText } from './text-table.ts';
import { label } from './fact-lines.ts';
import type { Paint, Style } from './paint.ts';

/** Absent: in no color. The word says the same: a color is never the only sign. */
export const stateStyle = ({
  state,
}: {
  readonly state?: string | undefined;
}): Style | undefined => (state === undefined ? undefined : stateStyles[state]);

export const sessionStyle = ({
  session,
}: {
  readonly session?: { readonly status: string } | undefined;
}): Style | undefined => (session === undefined ? undefined : sessionStyles[session.status]);

const stateStyles: Readonly<Record<string, Style>> = {
  Connected: 'good',
  Connecting: 'warn',
  Failed: 'bad',
};
const sessionStyles: Readonly<Record<string, Style>> = {
  Authenticated: 'good',
  'Pending Auth': 'warn',
  Expired: 'bad',
};

/** The text in the style, if there is one. Pad it before. */
export const inStyle = (paint: Paint, style: Style | undefined, text: string): string =>
  style === undefined ? text : paint(style, text);

/** A line of facts whose text has a color. */
export const styledFact = (
  fact: string,
  text: string,
  paint: Paint,
  style: Style | undefined,
): string => `${label(fact)}${inStyle(paint, style, cellText(text))}\n`;
