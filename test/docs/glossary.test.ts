import { describe, expect, test } from 'vitest';
import { commands, exitCodeSummaries } from '../../cli/commands/commands.ts';
import { globalFlags } from '../../cli/commands/flags.ts';
import { openApi } from '../../functions/routes/openapi.ts';
import {
  authRequiredReasons,
  conditionTypes,
  connectedReasons,
  contendedReasons,
  failedReasons,
  failingReasons,
  speaksMcpReasons,
  states,
} from '../../functions/model/mcpserver.ts';
import { sessionStatuses, ssoStatuses } from '../../functions/model/wire/server-wire.ts';
import {
  authRequiredGlossary,
  reasonGlossary,
  sessionGlossary,
  speaksMcpGlossary,
  ssoGlossary,
  stateChanged,
  stateGlossary,
  warningGlossary,
} from '../../functions/model/glossary.ts';
import { startWorld } from '../../local/world.ts';
import { reasonFacts, reasonSlug } from '../../functions/model/reason-facts.ts';
import { reasonPages } from '../../site/reference/reason-pages.ts';
import { pages } from '../../site/reference/write.ts';
import { readPage } from './pages.ts';
import { settings } from '../../functions/model/settings-table.ts';

const isSentence = /^[A-Za-z`].*[.?]$/;
const page = async (name: keyof typeof pages): Promise<string> => pages[name]();

describe('every value has an explanation', () => {
  test.each(
    Object.entries({
      ...stateGlossary,
      ...sessionGlossary,
      ...ssoGlossary,
      ...reasonGlossary,
      ...authRequiredGlossary,
      ...speaksMcpGlossary,
      ...warningGlossary,
    }),
  )('%s has a meaning and a next step', (_, { summary, hint }) => {
    expect(summary).toMatch(isSentence);
    expect(hint).toMatch(isSentence);
  });
  test.each(commands.map(({ words, summary }) => [words.join(' '), summary] as const))(
    'the command %s',
    (_, summary) => expect(summary).toMatch(isSentence),
  );
  test.each(
    commands.flatMap(({ words, flags }) =>
      [...flags, ...globalFlags].map(
        ({ name, summary }) => [words.join(' '), name, summary] as const,
      ),
    ),
  )('the flag of %s --%s', (_command, _flag, summary) => expect(summary).toMatch(isSentence));
  test.each(Object.entries(settings))('the setting %s', (_, { summary }) =>
    expect(summary).toMatch(/\.$/),
  );
});

describe('every reason has a page', () => {
  const written = reasonPages();
  test.each([...reasonFacts])('%s', (reason, { summary, hint, owner }) => {
    const text = written.get(`reasons/${reasonSlug(reason)}`);
    expect(text?.startsWith(`# ${reason}\n`)).toBe(true);
    for (const part of [summary, hint, owner]) expect(text).toContain(part);
  });
  test('those of every condition and Event are among them', () => {
    const reasons = [
      ...connectedReasons,
      ...failedReasons,
      ...failingReasons,
      ...Object.values(authRequiredReasons),
      ...Object.values(speaksMcpReasons),
      ...Object.values(contendedReasons),
      'ProberOffline',
      'NotProbed',
      'Suspended',
      'CertificateExpiring',
    ];
    expect(new Set(reasonFacts.keys())).toEqual(new Set(reasons));
    expect(written.size).toBe(reasonFacts.size);
  });
});

describe('the reference pages leave nothing out', () => {
  test('the command line', async () => {
    const text = await page('reference/cli');
    for (const { words, flags } of commands) {
      expect(text).toContain(`## muster ${words.join(' ')}\n`);
      for (const { name } of flags) expect(text).toContain(`--${name}`);
    }
    for (const [code] of exitCodeSummaries) expect(text).toContain(`| ${code} |`);
  });
  test('states, sessions, conditions and reasons', async () => {
    const text = await page('reference/glossary');
    const all = [
      ...states,
      ...sessionStatuses,
      ...ssoStatuses,
      ...conditionTypes,
      ...connectedReasons,
      ...failedReasons,
      ...failingReasons,
    ];
    for (const word of [
      ...all,
      ...Object.keys(reasonGlossary),
      ...Object.keys(authRequiredGlossary),
    ])
      expect(text).toContain(`\`${word}\``);
  });
  test('settings', async () => {
    const text = await page('reference/settings');
    for (const name of Object.keys(settings)) expect(text).toContain(`| \`${name}\` |`);
  });
  test('the requests of the endpoint', async () => {
    const text = await page('reference/endpoint');
    for (const path of Object.keys(openApi('https://muster.example.com').paths))
      expect(text).toContain(path);
  });
  test('the fields of the custom resource', async () => {
    const text = await page('reference/mcpserver');
    for (const field of [
      '`url`',
      '### spec.auth.tokenExchange\n',
      '`dexTokenEndpoint`',
      '### status.conditions[]\n',
      '`nextRetryAfter`',
    ])
      expect(text).toContain(field);
    // A field without a description would leave its last cell empty.
    expect(text.split('\n').filter((line) => /^\| `.*\|\s*\|$/.test(line))).toEqual([]);
  });
});

test('the event has the source, the type and the fields that the page names', async () => {
  const world = await startWorld();
  try {
    await world.sweep({ everything: true });
    // The first sweep publishes changes without a previous state.
    await world.sweep({ everything: true });
    await world.sweep({ everything: true });
    const changes = world.bus.events.filter((event) => event['detail-type'] === stateChanged.type);
    expect(changes.length).toBeGreaterThan(0);
    for (const { source } of changes) expect(source).toBe(stateChanged.source);
    const fields = new Set(changes.flatMap(({ detail }) => Object.keys(Object(detail))));
    expect([...fields].toSorted()).toEqual(Object.keys(stateChanged.fields).toSorted());
  } finally {
    await world.close();
  }
});

test('the page on troubleshooting has every reason of a failure', async () => {
  const text = await readPage('troubleshoot.md');
  for (const reason of [...failedReasons, ...failingReasons, 'ProberOffline'])
    expect(text).toContain(`\`${reason}\``);
});
