/** What a person has to know beside the rows of a list, a line each. */
import { namesAmong } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import type { Servers } from '../../api/mcpservers.ts';
import { age, sorted } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';

export function listNotes({ rows, problems, stoppedSince }: Servers, now: Date): readonly string[] {
  const stale =
    stoppedSince === undefined
      ? staleNote(rows)
      : `Warning: No sweep for ${age(now.getTime() - stoppedSince.getTime())}; STATE may be stale. Check the schedule.`;
  return [
    ...problems.map(({ namespace, name, message }) =>
      cellText(`Warning: ${namespace}/${name} cannot be shown: ${message}`),
    ),
    ...(stale === undefined ? [] : [stale]),
  ];
}

/** Where to read about each reason of these rows that has a next step. */
export const reasonNotes = (
  rows: readonly Row[],
  pages: Servers['reasonPages'],
): readonly string[] => {
  const shown = new Set(rows.map(({ reason }) => reason));
  return [...pages]
    .filter(([reason]) => shown.has(reason))
    .map(([reason, page]) => cellText(`${reason}: ${page}`));
};

/** Undefined: no row is stale. */
export function staleNote(rows: readonly Row[]): string | undefined {
  const stale = rows.filter((row) => row.stale);
  if (stale.length === 0) return undefined;
  const whose =
    stale.length === rows.length && rows.length > 1
      ? 'all servers'
      : cellText(sorted(stale).slice(0, 3).map(namesAmong(rows)).join(', '));
  const more =
    stale.length > 3 && stale.length < rows.length ? ` and ${String(stale.length - 3)} more` : '';
  return `Warning: STATE of ${whose}${more} may be stale: ${
    stale.every(({ reason }) => reason === 'ProberOffline')
      ? 'the prober is offline (ProberOffline). Ask the owner of the functions to check their network.'
      : 'no update for two heartbeats. Check that the sweep runs.'
  }`;
}
