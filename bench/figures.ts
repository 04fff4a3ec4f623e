/** The arithmetic of the tables. */
import type { Aim, Peer, Row } from './part.ts';

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Ours divided by the peer's, round by round: a machine that slows down slows both. */
export const ratios = ({ rounds }: Pick<Row, 'rounds'>, peer: Peer): readonly number[] =>
  rounds.flatMap((ours, round) => {
    const theirs = peer.rounds[round];
    return theirs === undefined ? [] : [ours / theirs];
  });

export const isMet = (value: number, aim: Aim): boolean =>
  'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
