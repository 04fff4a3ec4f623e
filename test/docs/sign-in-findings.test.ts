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

test.each(findings)(
  '%s names only commands and flags that are there, and not itself',
  (_id, one) => {
    for (const [, line = ''] of textsOf(one).matchAll(/`muster ([^`]+)`/g)) {
      const command = commands.find(({ words }) => line.startsWith(words.join(' ')));
      expect(command, line).toBeDefined();
      for (const [, flag = ''] of line.matchAll(/--([a-z-]+)/g))
        expect(command?.flags.map(({ name }) => name)).toContain(flag);
      expect(line).not.toContain('--sign-in');
    }
  },
);

test.each(findings)('%s names only settings that are there', (_id, one) => {
  const [...named] = textsOf(one).matchAll(/`([A-Z]+_?[A-Z_]+)`/g);
  // ISSUERS is a setting of the same release.
  for (const [, name = ''] of named) if (name !== 'NAME') expect(known).toContain(name);
});
const known = [...Object.keys(settings), 'ISSUERS'];
