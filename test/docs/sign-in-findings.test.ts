import { expect, test } from 'vitest';
import { commands } from '../../cli/commands/commands.ts';
import { settings } from '../../functions/model/settings-table.ts';
import {
  type Finding,
  findingPage,
  type FindingId,
  signInFindings,
} from '../../functions/model/sign-in-findings.ts';
import { signInPages } from '../../site/reference/sign-in-pages.ts';

const findings = Object.entries(signInFindings).map(
  ([id, finding]) => [id, finding] as [FindingId, Finding],
);
const pages = signInPages();

test.each(findings)(
  '%s has a page with what it means, whose it is and how to fix it',
  (id, one) => {
    const text = pages.get(findingPage(id).replace(/^\/|\/$/g, ''));
    expect(text?.startsWith(`# ${id}\n`)).toBe(true);
    for (const part of [one.summary, one.meaning, ...(one.fix === undefined ? [] : [one.fix])])
      expect(text).toContain(part);
    expect(text).toMatch(/\| Who can fix it\? \| .+\. \|/);
  },
);

test.each(findings)('%s is an id in kebab-case with sentences', (id, { summary, meaning, fix }) => {
  expect(id).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
  for (const sentence of [summary, meaning, fix ?? 'None.'])
    expect(sentence).toMatch(/^[`A-Z].*\.$/);
});

test.each(findings)('%s says whose turn it is unless all is well', (_id, one) => {
  expect(one.fixedBy !== undefined && one.fix !== undefined).toBe(one.status !== 'ok');
});

const textsOf = ({ summary, meaning, fix = '' }: Finding) => `${summary} ${meaning} ${fix}`;

test.each(findings)('%s names only commands and flags that are there', (_id, one) => {
  const lines = [...textsOf(one).matchAll(/`muster ([^`]+)`/g)].map(([, line = '']) => line);
  const unknown = lines.filter((line) => {
    const command = commands.find(({ words }) => line.startsWith(words.join(' ')));
    const flags = [...line.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag);
    const isKnown = flags.every((flag) => command?.flags.some(({ name }) => name === flag));
    // Its own command would lead nowhere.
    return command === undefined || !isKnown || flags.includes('sign-in');
  });
  expect(unknown).toEqual([]);
});

test.each(findings)('%s names only settings that are there', (_id, one) => {
  const named = [...textsOf(one).matchAll(/`([A-Z]{2,}[A-Z_]*)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

// ISSUERS is a setting of the same release.
const known: ReadonlySet<string> = new Set([...Object.keys(settings), 'ISSUERS', 'NAME']);
