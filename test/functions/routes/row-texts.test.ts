import { expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { Session } from '../../../functions/model/wire/server-wire.ts';
import { rowTexts } from '../../../functions/routes/row-texts.ts';
import { rowOf } from '../../../functions/sessions/row.ts';
import { defined } from '../../../functions/model/defined.ts';
import {
  aCondition,
  aServer,
  aStatus,
  anAuth,
  connected,
  neverProbed,
  unreachable,
} from '../../world/server.ts';

const heartbeatMs = 300_000;
const now = new Date('2026-01-01T00:05:00Z');
const session: Session = { status: 'Pending Auth', hint: 'muster auth login --server "a\\b"' };

const servers: readonly (readonly [string, McpServer])[] = [
  ['was never probed', aServer({ status: neverProbed })],
  ['answers', aServer({ status: connected('True') })],
  ['failed', aServer({ status: unreachable('Failed') })],
  ['is suspended', aServer({ suspended: true, status: connected() })],
  ['is stdio', aServer({ type: 'stdio' })],
  ['forwards', aServer({ auth: anAuth({ forwardToken: true }), status: connected() })],
  ['has quotes, "\\" and ünïcödé 🦊', aServer({ description: '"\\" ünïcödé 🦊 \u{7} \ud800' })],
  [
    'could not be judged for long',
    aServer({
      status: aStatus({
        lastAttempt: now,
        conditions: [aCondition({ status: 'Unknown', reason: 'ProberOffline' })],
      }),
    }),
  ],
];
const forms = [true, false].flatMap((anonymous) =>
  [true, false].map((withoutConditions) => ({ anonymous, withoutConditions })),
);
const cases = servers.flatMap(([what, server]) =>
  forms.map((form) => ({ what, server, form, text: JSON.stringify(form) })),
);

test.each(cases)('a server that $what has the row of everyone else: $text', ({ server, form }) => {
  const textsOf = rowTexts(heartbeatMs);
  // The second one is of the part that was kept.
  for (const at of [now, new Date(now.getTime() + 2 * heartbeatMs)])
    for (const own of [session, undefined])
      for (let time = 0; time < 2; time += 1) {
        const { json, bytes, reason } = textsOf(form)(server, own, at);
        const row = rowOf(server, { ...form, ...defined({ session: own }), now: at, heartbeatMs });
        expect(json).toBe(JSON.stringify(row));
        expect(bytes).toBe(Buffer.byteLength(JSON.stringify(json)) - 2);
        expect(reason).toBe(row.reason);
      }
});

test('a row becomes stale while its server is the same', () => {
  const text = rowTexts(heartbeatMs)({ anonymous: false });
  const server = aServer({ status: connected() });
  const attempt = server.status.lastAttempt?.getTime() ?? 0;
  const isStale = (ms: number) =>
    text(server, undefined, new Date(attempt + ms)).json.includes('"stale":true');
  expect([isStale(2 * heartbeatMs), isStale(2 * heartbeatMs + 1)]).toEqual([false, true]);
});

test('the session of one person is in no row of another, and in none of a stranger', () => {
  const textsOf = rowTexts(heartbeatMs);
  const server = aServer({ status: connected('True') });
  const ofAda = textsOf({ anonymous: false })(server, { ...session, issuer: 'of-ada' }, now);
  expect(ofAda.json).toContain('of-ada');
  expect(textsOf({ anonymous: false })(server, session, now).json).not.toContain('of-ada');
  const ofStranger = textsOf({ anonymous: true })(server, session, now).json;
  expect(ofStranger).not.toMatch(/session|"url"/);
});

test('two rows have the same tag if they are the same text, and only then', () => {
  const pending: Session = { status: 'Pending Auth' };
  const rows = servers.flatMap(([, server]) =>
    forms.flatMap((form) =>
      [undefined, session, pending].flatMap((own) =>
        [now, new Date(now.getTime() + 2 * heartbeatMs)].flatMap((at) =>
          // As two processes make it, or the same one later.
          [rowTexts(heartbeatMs), rowTexts(heartbeatMs)].map((of) => of(form)(server, own, at)),
        ),
      ),
    ),
  );
  const tagOfText = new Map(rows.map(({ json, tag }) => [json, tag]));
  for (const { json, tag } of rows) expect(tag).toBe(tagOfText.get(json));
  expect(new Set(tagOfText.values()).size).toBe(tagOfText.size);
});
