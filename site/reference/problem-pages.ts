import { type ProblemType, problemTypes } from '../../functions/model/problem-types.ts';
import { page, table } from './markdown-pieces.ts';

/** One page for each problem document, by its name below `docs/`: `problems/no-such-server`. */
export const problemPages = (): ReadonlyMap<string, string> =>
  new Map(Object.entries(problemTypes).map(([name, type]) => [`problems/${name}`, textOf(type)]));

const textOf = ({ status, title, when, fix }: ProblemType): string =>
  page(
    `# ${title}`,
    when,
    table(
      ['question', 'answer'],
      [
        ['Which HTTP status?', String(status)],
        ['Does the same request work later?', again(status)],
      ],
    ),
    '## What to do',
    fix,
    'The field `detail` of the problem document has the cause of this case, and `hint` the next step (RFC 9457). The `muster` command prints both. All routes: [Endpoint](../reference/endpoint.md). More error texts: [Troubleshoot](../troubleshoot.md).',
  );

const again = (status: number): string =>
  status === 429 || status >= 500
    ? 'Often. `Retry-After` has the time to wait where it is known.'
    : 'No. Something has to change first.';
