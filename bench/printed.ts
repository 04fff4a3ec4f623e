/** The result of a part as a Markdown table and its notes. */
import { table } from '../site/reference/markdown-pieces.ts';
import { isMet, median, ratios } from './figures.ts';
import type { Aim, Result, Row, Unit } from './part.ts';

const heading = ['measure', 'aim', 'measured (least to most)', 'beside', 'ratio', 'met'];

export const printed = ({ rows, missing, notes }: Result): string =>
  [
    table(heading, rows.flatMap(linesOf)),
    ...notes.map((note) => `- ${note}`),
    ...missing.map((peer) => `- Missing here: ${peer}`),
  ].join('\n');

function linesOf({ measure, unit, rounds, aim, peers = [] }: Row): string[][] {
  const own = [
    measure,
    aimText(aim, unit),
    spread(rounds, unit),
    '',
    '',
    metText(median(rounds), aim),
  ];
  const beside = peers.map((peer) => {
    const ratio = median(ratios({ rounds }, peer));
    return [
      measure,
      peer.aim === undefined ? '' : `ratio ${aimText(peer.aim, '')}`,
      spread(rounds, unit),
      `${peer.name}: ${spread(peer.rounds, unit)}`,
      ratio.toFixed(2),
      metText(ratio, peer.aim),
    ];
  });
  return aim === undefined && beside.length > 0 ? beside : [own, ...beside];
}

const metText = (value: number, aim: Aim | undefined): string => {
  if (aim === undefined) return '';
  return isMet(value, aim) ? 'yes' : 'no';
};

const aimText = (aim: Aim | undefined, unit: Unit): string => {
  if (aim === undefined) return '';
  return 'atMost' in aim
    ? `at most ${withUnit(String(aim.atMost), unit)}`
    : `at least ${withUnit(String(aim.atLeast), unit)}`;
};

const spread = (rounds: readonly number[], unit: Unit): string => {
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  const middle = withUnit(figure(median(rounds)), unit);
  return rounds.length === 1 ? middle : `${middle} (${figure(least)} to ${figure(most)})`;
};

/** Three digits that count. */
const figure = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString('en')
    : value.toPrecision(3);

const withUnit = (text: string, unit: Unit): string => (unit === '' ? text : `${text} ${unit}`);
