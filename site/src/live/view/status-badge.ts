/** STATE and SESSION as a shape and the word, in a color: none of the three is the only sign. */
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import type { Style } from '../../../../cli/output/paint.ts';
import { sessionStyle, stateStyle } from '../../../../cli/output/status-styles.ts';
import { sessionCell, stateCell } from '../../../../cli/output/table.ts';
import { element } from './dom.ts';

type Shape = Exclude<Style, 'dim' | 'bold'> | 'none';

/** In a box of 14 by 14: a disc with a check, a triangle, an octagon with a cross. */
const shapes = {
  good: { body: 'M7 1a6 6 0 1 0 0 12A6 6 0 0 0 7 1Z', sign: 'M4.2 7.2 6.2 9.2 9.9 5' },
  warn: { body: 'M7 1 13.5 12.5 0.5 12.5Z', sign: 'M7 5.2V8.4M7 10.2V10.9' },
  bad: {
    body: 'M4.5 1H9.5L13 4.5V9.5L9.5 13H4.5L1 9.5V4.5Z',
    sign: 'M4.9 4.9 9.1 9.1M9.1 4.9 4.9 9.1',
  },
} as const satisfies Readonly<Record<Exclude<Shape, 'none'>, object>>;

function shape(kind: keyof typeof shapes): SVGSVGElement {
  const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  drawing.setAttribute('viewBox', '0 0 14 14');
  drawing.setAttribute('aria-hidden', 'true');
  for (const part of ['body', 'sign'] as const) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('class', part);
    path.setAttribute('d', shapes[kind][part]);
    drawing.append(path);
  }
  return drawing;
}

const shapeOf = (style: Style | undefined): Shape =>
  style === 'good' || style === 'warn' || style === 'bad' ? style : 'none';

const badge = (column: 'state' | 'session' | 'link', kind: Shape, text: string): HTMLElement =>
  element(
    'span',
    { class: `badge ${column} ${kind}` },
    // A dash is a shape of its own.
    kind === 'none' ? undefined : shape(kind),
    element('span', {}, text),
  );

/** Of a row or of a check. The word is that of the list. */
export const stateBadge = (shown: Pick<Row, 'state'>, text = stateCell(shown)): HTMLElement =>
  badge('state', shapeOf(stateStyle(shown)), text);

export const sessionBadge = (row: Row, text = sessionCell(row)): HTMLElement =>
  badge('session', shapeOf(sessionStyle(row)), text);

/** A link of a sign-in: `ok`, `odd`, `broken`. */
export const linkBadge = (status: string): HTMLElement =>
  badge('link', status === 'ok' ? 'good' : status === 'odd' ? 'warn' : 'bad', status);
