import { type Finding, signInFindings } from '../../functions/model/sign-in-findings.ts';
import { type Fixer } from '../../functions/model/sign-in-links.ts';
import { fence, page, table } from './markdown-pieces.ts';

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
    '### With muster',
    'See every link of the sign-in, and what each place answered:',
    fence('sh', 'muster check NAMESPACE/NAME --sign-in'),
    ...(status === 'ok'
      ? []
      : ['When it is fixed, sign in:', fence('sh', 'muster auth login --server NAMESPACE/NAME')]),
    '### With kubectl',
    'See what the MCPServer declares about its sign-in:',
    fence('sh', "kubectl get mcpserver NAME --namespace NAMESPACE -o jsonpath='{.spec.auth}'"),
    '## Related',
    `Other findings about the link ${link}:`,
    relatedTo(finding, link),
    'Where it is shown: `muster check --sign-in`, and its output with `-o json`. How a sign-in works: [Sign-ins](../sessions.md). More symptoms: [Troubleshoot](../troubleshoot.md).',
  );

function relatedTo(finding: string, link: string): string {
  const others = Object.entries(signInFindings).filter(
    ([other, facts]) => other !== finding && facts.link === link,
  );
  return others.length === 0
    ? '- None.'
    : others.map(([other, { summary }]) => `- [${other}](${other}.md): ${summary}`).join('\n');
}

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
