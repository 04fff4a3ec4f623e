import { type ProblemName, problemTypes } from '../../functions/model/problem-types.ts';
import { page, table } from './markdown-pieces.ts';
import { type ProblemText, problemTexts } from './problem-texts.ts';

/** One page for each problem document, by its name below `docs/`: `problems/no-such-server`. */
export const problemPages = (): ReadonlyMap<string, string> =>
  new Map(
    Object.keys(problemTypes)
      .filter((name): name is ProblemName => Object.hasOwn(problemTypes, name))
      .map((name) => [`problems/${name}`, pageOf(problemTypes[name], problemTexts[name])]),
  );

const pageOf = (
  [status, title]: readonly [status: number, title: string],
  { when, fix }: ProblemText,
): string =>
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
