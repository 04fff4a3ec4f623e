import type { Finding } from './finding.ts';

/** The findings as a person reads them, a block for each, with the problems last. */
export function reportText(findings: readonly Finding[], stage: string): string {
  const order = ['ok', 'unknown', 'warning', 'problem'] as const;
  const lines = order.flatMap((kind) =>
    findings.filter((finding) => finding.kind === kind).flatMap(linesOf),
  );
  return `${[...lines, '', summary(findings, stage)].join('\n')}\n`;
}

const width = 'concurrency'.length;

function linesOf({ kind, subject, text, hint }: Finding): readonly string[] {
  const line = `${kind.padEnd(7)}  ${subject.padEnd(width)}  ${text}`;
  return hint === undefined ? [line] : [line, `${' '.repeat(7 + 2 + width + 2)}${hint}`];
}

function summary(findings: readonly Finding[], stage: string): string {
  const problems = findings.filter(({ kind }) => kind === 'problem').length;
  if (problems > 0)
    return `${problems} ${problems === 1 ? 'problem' : 'problems'}. Nothing was made. Fix ${problems === 1 ? 'it' : 'them'}, and run again: npm run deploy:check -- --stage ${stage}`;
  const open = findings.filter(({ kind }) => kind === 'unknown').length;
  return `${open === 0 ? 'No problems.' : `No problems; ${open} could not be checked.`} To deploy: npx sst deploy --stage ${stage}`;
}
