/** The result of a part as a Markdown table, with its notes and the peers that are missing. */
import { table } from '../site/reference/markdown-pieces.ts';
import { isMet, median, ratios } from './figures.ts';
import type { Aim, Peer, Result, Row, Unit } from './part.ts';

export const columns = [
  'measure',
  'aim',
  'measured (median, least to most)',
  'peer',
  'ratio',
  'met',
] as const;

/** `where`: date and machine, as one line above the table. */
export const printed = ({ rows, missing, notes }: Result, where: string): string =>
  [
    `Measured on ${where}.`,
    table(columns, rows.flatMap(linesOf)).trimEnd(),
    [...notes, ...missing.map((peer) => `Missing in this run: ${peer}`)]
      .map((line) => `- ${line}`)
      .join('\n'),
  ]
    .filter((text) => text !== '')
    .join('\n\n');

/**
 * One line for a measure. Each further peer, and a peer with an aim beside an aim of ours, has a
 * line below it that says the rest.
 */
function linesOf(row: Row): readonly (readonly string[])[] {
  const { measure, aim, rounds, unit, peers = [] } = row;
  const [first, ...others] = peers;
  const isShared = first !== undefined && (aim === undefined || first.aim === undefined);
  const beside = isShared ? first : undefined;
  const value = median(rounds);
  const own = [
    measure,
    aim === undefined ? aimOfRatio(beside?.aim) : aimText(aim, unit),
    spread(rounds, unit),
    beside === undefined ? '' : peerText(row, beside),
    beside === undefined ? '' : ratioText(row, beside),
    aim === undefined ? metByRatio(row, beside) : metText(value, aim),
  ];
  return [
    own,
    ...(isShared ? others : peers).map((peer) => [
      '',
      aimOfRatio(peer.aim),
      '',
      peerText(row, peer),
      ratioText(row, peer),
      metByRatio(row, peer),
    ]),
  ];
}

const peerText = ({ unit }: Row, { name, rounds }: Peer): string =>
  `${name}: ${spread(rounds, unit)}`;

const ratioText = (row: Row, peer: Peer): string => figure(median(ratios(row, peer)));

const metByRatio = (row: Row, peer: Peer | undefined): string =>
  peer === undefined ? '' : metText(median(ratios(row, peer)), peer.aim);

/** By the figure that people read: 120.3 ms is printed as 120 ms, which is at most 120 ms. */
const metText = (value: number, aim: Aim | undefined): string => {
  if (aim === undefined) return '';
  return isMet(rounded(value), aim) ? 'yes' : 'no';
};

const aimOfRatio = (aim: Aim | undefined): string =>
  aim === undefined ? '' : `ratio ${aimText(aim, '')}`;

const aimText = (aim: Aim, unit: Unit): string =>
  'atMost' in aim
    ? `at most ${withUnit(figure(aim.atMost), unit)}`
    : `at least ${withUnit(figure(aim.atLeast), unit)}`;

const spread = (rounds: readonly number[], unit: Unit): string => {
  const [middle, least, most] = [
    figure(median(rounds)),
    figure(Math.min(...rounds)),
    figure(Math.max(...rounds)),
  ];
  return least === most
    ? withUnit(middle, unit)
    : `${withUnit(middle, unit)} (${least} to ${most})`;
};

/** Three digits that count, and whole numbers from 100 on. */
const rounded = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));

const figure = (value: number): string =>
  rounded(value).toLocaleString('en', { maximumFractionDigits: 20 });

const withUnit = (text: string, unit: Unit): string => {
  if (unit === '') return text;
  return unit === '/s' ? `${text}/s` : `${text} ${unit}`;
};
