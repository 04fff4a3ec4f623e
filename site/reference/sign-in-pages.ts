import { type Finding, signInFindings } from '../../functions/model/sign-in-findings.ts';
import { type Fixer } from '../../functions/model/sign-in-links.ts';
import { page, table } from './markdown-pieces.ts';

/** One page for each finding of `muster check NAME --sign-in`, by its name below `docs/`. */
export const signInPages = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(signInFindings).map(([finding, facts]) => [
      `sign-in/${finding}`,
      findingText(finding, facts),
    ]),
  );

const findingText = (
  finding: string,
  { link, status, summary, meaning, fixedBy, fix }: Finding,
): string =>
  page(
    `# ${finding}`,
    summary,
    '## Meaning',
    meaning,
    table(
      ['question', 'answer'],
      [
        ['Which link of the sign-in?', link],
        ['Does a sign-in work?', statuses[status]],
        ['Who can fix it?', fixedBy === undefined ? 'Nothing is broken.' : owners[fixedBy]],
      ],
    ),
    '## What to do',
    fix ?? 'Nothing to do.',
    '`muster check NAME --sign-in` shows every link, and what each place answered. How a sign-in works: [Sign-ins](../sessions.md). More symptoms: [Troubleshoot](../troubleshoot.md).',
  );

const statuses = {
  ok: 'Yes.',
  odd: 'Yes. It is not as the specifications say, and other clients may fail.',
  broken: 'No, or your session has ended.',
} as const satisfies Record<Finding['status'], string>;

const owners: Readonly<Record<Fixer, string>> = {
  server: 'The owner of the MCP server or of its MCPServer.',
  issuer: 'The operator of the issuer.',
  muster: 'The owner of muster, who sets the settings of the endpoint.',
  you: 'You.',
};
