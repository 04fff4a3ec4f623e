import { expect, test } from 'vitest';
import { failedReasons, failingReasons } from '../../functions/model/mcpserver.ts';
import { auditEvents } from '../../functions/model/audit-event.ts';
import { anonymousLists, limits, liveSignIns } from '../../functions/model/limits.ts';
import {
  authRequiredGlossary,
  type GlossaryEntry,
  reasonGlossary,
  sessionGlossary,
  speaksMcpGlossary,
  stateGlossary,
} from '../../functions/model/glossary.ts';
import { code, table } from '../../site/reference/markdown-pieces.ts';
import { type IssuerProduct, issuerProducts } from '../world/issuer-products.ts';
import { isWriting, readPage, replaced, tableIn, writePage } from './pages.ts';

const meanings = (head: string, all: Readonly<Record<string, GlossaryEntry>>): string =>
  table(
    [head, 'means', 'next'],
    Object.entries(all).map(([word, { summary, hint }]) => [code(word), summary, hint]),
  );

const failures = Object.fromEntries(
  Object.entries(reasonGlossary).filter(([reason]) =>
    [...failedReasons, ...failingReasons, 'ProberOffline'].some((word) => word === reason),
  ),
);

const withoutTable = {
  processOnly: 'Counted in each process.',
  refused: 'Refused with 503.',
} as const;

const limitSubjects = {
  person: 'each person',
  personAndServer: 'each person and server',
} as const;

const limitRows = table(
  ['limit', 'for', 'uses', 'window', 'while the table is unavailable'],
  [
    ...Object.entries(limits).map(([name, limit]) => [
      code(name),
      limitSubjects[limit.per],
      `${limit.count} ${limit.what}`,
      `${limit.windowSeconds} s`,
      withoutTable[limit.withoutTable],
    ]),
    [
      code('anonymousLists'),
      'all callers without a token, in each process',
      `${anonymousLists.count} lists`,
      `${anonymousLists.windowSeconds} s`,
      'No change: it does not use the table.',
    ],
    [
      code('liveSignIns'),
      'all callers of the live page, in each process',
      `${liveSignIns.count} starts and completions`,
      `${liveSignIns.windowSeconds} s`,
      'No change: it does not use the table.',
    ],
  ],
);

const auditRows = table(
  ['event', 'means', 'fields'],
  Object.entries(auditEvents).map(([name, { meaning, fields }]) => [
    code(name),
    meaning,
    fields.map(code).join(', '),
  ]),
);

const settingLines = (product: IssuerProduct): string => {
  const lines = Object.entries(product.settings).map(([name, value]) => code(`${name}=${value}`));
  return lines.length === 0 ? 'none' : lines.join(', ');
};

const issuerRows = table(
  ['issuer', '`OIDC_ISSUER`', 'client to register', 'further settings', 'groups', 'not supported'],
  Object.values(issuerProducts).map((product) => [
    product.name,
    code(product.issuer),
    product.register,
    settingLines(product),
    product.groups,
    product.limits,
  ]),
);

test.each([
  ['deploy.md', 'issuers', issuerRows],
  ['operate.md', 'limits', limitRows],
  ['operate.md', 'audit', auditRows],
  ['state-and-session.md', 'states', meanings('STATE', stateGlossary)],
  ['state-and-session.md', 'reasons', meanings('reason', reasonGlossary)],
  ['troubleshoot.md', 'trouble', meanings('reason', failures)],
  ['state-and-session.md', 'sign-in', meanings('reason', authRequiredGlossary)],
  ['state-and-session.md', 'mcp', meanings('reason', speaksMcpGlossary)],
  ['state-and-session.md', 'sessions', meanings('SESSION', sessionGlossary)],
])('%s has the %s of the code, literally', async (name, which, wanted) => {
  const page = await readPage(name);
  const written = tableIn(page, which);
  expect(written).toBeDefined();
  if (isWriting && written !== undefined) return writePage(name, replaced(page, written, wanted));
  expect(
    written?.text,
    'npm run docs:write writes the texts of functions/model/ into the page',
  ).toBe(wanted);
});
