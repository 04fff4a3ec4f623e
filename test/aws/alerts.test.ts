/**
 * Alerts as the recorded stack and `docs/alerts.md` have them, on MiniStack, of events that the
 * publisher of the sweep makes. Not as on AWS: mails, https, rate limits and retries.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { changePublisher } from '../../functions/adapters/eventbridge.ts';
import type { StateChange } from '../../functions/model/bus-events.ts';
import { changeSummary } from '../../functions/model/change-summary.ts';
import { failedReasons, failingReasons } from '../../functions/model/mcpserver.ts';
import { fencesIn, readPage } from '../docs/pages.ts';
import { inside } from '../stack/deployed.ts';
import { evaluate, owner } from '../stack/evaluate.ts';
import { installPlatform } from '../stack/platform.ts';
import { copyProject } from '../stack/project.ts';
import { folderOf } from '../world/installed-tools.ts';
import { type AlertAccount, openAlertAccount } from './alert-account.ts';
import { findMiniStack } from './ministack.ts';

const [ministack, platform] = await Promise.all([findMiniStack(), installPlatform()]);
const emulator = folderOf(ministack, 'MiniStack');
const isMissing = emulator === undefined || platform.kind === 'missing';

const site = new URL('https://docs.example.com');
const began = new Date('2026-11-26T13:58:00Z');
const change = (facts: Partial<StateChange>): StateChange => ({
  id: `uid-c/${began.toISOString()}/Failed`,
  namespace: 'default',
  name: 'server-c',
  uid: 'uid-c',
  from: 'Connecting',
  to: 'Failed',
  reason: 'ConnectionRefused',
  failingSince: began,
  at: new Date('2026-11-26T14:00:02Z'),
  ...facts,
});
const recovery = (facts: Partial<StateChange> = {}): StateChange =>
  change({ from: 'Failed', to: 'Connected', reason: 'Responded', ...facts });

let account: AlertAccount;
let publish: (...changes: StateChange[]) => Promise<void>;
beforeAll(async () => {
  if (emulator === undefined || platform.kind === 'missing') return;
  const project = await copyProject(platform.folder);
  const environment = {
    ...owner,
    ALERT_EMAIL: 'ada@example.com',
    ALERT_WEBHOOK: 'https://hooks.example.com/alerts',
  };
  const stack = inside(await evaluate({ folder: project.folder, environment }));
  await project.close();
  const { name: bus } = z.object({ name: z.string() }).parse(stack.inputs('EventBus', 'BusBus'));
  account = await openAlertAccount(emulator, bus);
  const publisher = changePublisher(account.client, bus, site);
  publish = async (...changes) => {
    const left = await publisher(changes);
    if (left.length > 0) throw new Error('The bus did not accept all changes.');
  };
  await makeAlerts(stack, account);
}, 120_000);
afterAll(async () => {
  if (!isMissing) await account.close();
});

/** The rule and the targets of the stack, with receivers on loopback. */
async function makeAlerts(stack: ReturnType<typeof inside>, on: AlertAccount): Promise<void> {
  const { eventPattern } = z
    .object({ eventPattern: z.string() })
    .parse(stack.inputs('EventRule', 'Alerts'));
  const { policy } = z
    .object({ policy: z.string() })
    .parse(stack.inputs('TopicPolicy', 'AlertsPolicy'));
  const { authParameters } = z
    .object({
      authParameters: z.object({ apiKey: z.object({ key: z.string(), value: z.string() }) }),
    })
    .parse(stack.inputs('EventConnection', 'AlertsConnection'));
  const { key, value } = authParameters.apiKey;
  const topic = await on.topic(policy);
  const destination = await on.destination('/webhook', {
    ApiKeyAuthParameters: { ApiKeyName: key, ApiKeyValue: value },
  });
  const { roleArn } = z
    .object({ roleArn: z.string() })
    .parse(stack.inputs('EventTarget', 'AlertsByWebhook'));
  await on.rule('alerts', eventPattern, [
    { Id: 'mail', Arn: topic, InputTransformer: transformerOf(stack, 'AlertsByEmail') },
    {
      Id: 'webhook',
      Arn: destination,
      RoleArn: roleArn,
      InputTransformer: transformerOf(stack, 'AlertsByWebhook'),
    },
  ]);
}

function transformerOf(stack: ReturnType<typeof inside>, name: string) {
  const { inputTransformer } = z
    .object({
      inputTransformer: z.object({
        inputPaths: z.record(z.string(), z.string()),
        inputTemplate: z.string(),
      }),
    })
    .parse(stack.inputs('EventTarget', name));
  return {
    InputPathsMap: inputTransformer.inputPaths,
    InputTemplate: inputTransformer.inputTemplate,
  };
}

const textOf = (one: StateChange): string => `muster-production: ${changeSummary(one, site)}`;
const isText =
  (wanted: string) =>
  (body: unknown): boolean =>
    z.object({ text: z.literal(wanted) }).safeParse(body).success;

describe.skipIf(isMissing)('an alert', () => {
  const failures = [...failedReasons, ...failingReasons].map((reason) =>
    change({ reason, name: reason.toLowerCase() }),
  );
  const { from: _from, ...first } = change({ name: 'new-server', reason: 'DNSFailure' });
  const alerting = [...failures, first, recovery({ reason: 'AuthenticationRequired' })];
  const quiet = [
    change({ from: 'Connected', to: 'Connecting', name: 'quiet-1' }),
    change({ from: 'Connecting', to: 'Connected', reason: 'Responded', name: 'quiet-2' }),
  ];
  const last = recovery({ name: 'last' });

  test('is posted to the webhook and mailed for each failure and recovery, and for nothing else', async () => {
    await publish(...quiet, ...alerting);
    await publish(last);
    const everyText = [...alerting, last].map(textOf).toSorted();
    for (const text of everyText) await account.untilPosted(({ body }) => isText(text)(body));
    const posted = await account.untilPosted(({ body }) => isText(textOf(last))(body));
    const bodies = posted.filter(({ path }) => path === '/webhook').map(({ body }) => body);
    expect(
      bodies.map((body) => z.object({ text: z.string() }).parse(body).text).toSorted(),
    ).toEqual(everyText);
    for (const text of everyText) await account.untilQueued((body) => body === `"${text}"`);
    const mails = await account.untilQueued((body) => body === `"${textOf(last)}"`);
    expect(mails.toSorted()).toEqual(everyText.map((text) => `"${text}"`).toSorted());
  });

  test('stays whole where an event has quotes, markup and line ends in it', async () => {
    const hostile = change({
      namespace: 'a", "text": "b',
      name: '<!channel> <https://evil.example.com|click>\n\\',
      reason: '*Timeout*"}',
    });
    await publish(hostile);
    const posted = await account.untilPosted(({ body }) => isText(textOf(hostile))(body));
    expect(posted.map(({ body }) => body)).toContainEqual({ text: textOf(hostile) });
    expect(textOf(hostile)).not.toMatch(/["<>|\n\\*]/);
  });
});

const page = await readPage('alerts.md');
/** The text of a block of the page, by its title. */
function block(title: string, names: Readonly<Record<string, string>> = {}): string {
  const found = fencesIn(page).find(({ info }) => info === `title="${title}"`);
  if (found === undefined) throw new Error(`docs/alerts.md has no block ${title}.`);
  return Object.entries(names).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    found.text,
  );
}
const targetSchema = z.array(
  z.object({
    Id: z.string(),
    Arn: z.string(),
    RoleArn: z.string(),
    InputTransformer: z.object({
      InputPathsMap: z.record(z.string(), z.string()),
      InputTemplate: z.string(),
    }),
  }),
);
const connectionSchema = z.object({
  ApiKeyAuthParameters: z.object({ ApiKeyName: z.string(), ApiKeyValue: z.string() }),
  InvocationHttpParameters: z.object({
    BodyParameters: z.array(
      z.object({ Key: z.string(), Value: z.string(), IsValueSecret: z.boolean() }),
    ),
  }),
});
const plainKey = { ApiKeyAuthParameters: { ApiKeyName: 'X-Source', ApiKeyValue: 'muster' } };
const ROLE_ARN = 'arn:aws:iam::123456789012:role/muster-alerts';

describe.skipIf(isMissing)('docs/alerts.md', () => {
  test('has only JSON in its JSON blocks', () => {
    const blocks = fencesIn(page).filter(({ language }) => language === 'json');
    expect(blocks.length).toBeGreaterThan(9);
    for (const { text } of blocks) expect(() => JSON.parse(text)).not.toThrow();
  });

  test('shows the alerts as they are', () => {
    const recovered = recovery({ at: new Date('2026-11-26T14:20:00Z') });
    expect(JSON.parse(block('failure.json'))).toEqual({ text: textOf(change({})) });
    expect(JSON.parse(block('recovery.json'))).toEqual({ text: textOf(recovered) });
  });

  test('opens and resolves an incident in PagerDuty, by one key', async () => {
    const connection = connectionSchema.parse(
      JSON.parse(block('pagerduty-connection.json', { INTEGRATION_KEY: 'r0uting' })),
    );
    const names = {
      ROLE_ARN,
      DESTINATION_ARN: await account.destination('/v2/enqueue', connection),
    };
    for (const [name, pattern, targets] of [
      ['failed', 'failed.json', 'pagerduty-trigger.json'],
      ['recovered', 'recovered.json', 'pagerduty-resolve.json'],
    ] as const)
      await account.rule(
        name,
        block(pattern),
        targetSchema.parse(JSON.parse(block(targets, names))),
      );
    const failure = change({ uid: 'uid-pager' });
    await publish(failure, recovery({ uid: 'uid-pager' }));
    for (const action of ['trigger', 'resolve'])
      await account.untilPosted(
        ({ body }) => z.object({ event_action: z.literal(action) }).safeParse(body).success,
      );
    const posted = await account.untilPosted(({ path }) => path === '/v2/enqueue');
    const sent = posted.filter(({ path }) => path === '/v2/enqueue').map(({ body }) => body);
    expect(new Set(sent)).toEqual(
      new Set([
        {
          routing_key: 'r0uting',
          event_action: 'trigger',
          dedup_key: 'uid-pager',
          payload: {
            summary: changeSummary(failure, site),
            source: 'default/server-c',
            severity: 'error',
            timestamp: '2026-11-26T14:00:02.000Z',
            class: 'ConnectionRefused',
          },
        },
        { routing_key: 'r0uting', event_action: 'resolve', dedup_key: 'uid-pager' },
      ]),
    );
  });

  test('sends a card to Teams by the rule of all alerts', async () => {
    const names = { ROLE_ARN, DESTINATION_ARN: await account.destination('/teams', plainKey) };
    const targets = targetSchema.parse(JSON.parse(block('teams.json', names)));
    await account.rule('teams', block('alerts.json'), targets);
    const one = recovery({ name: 'for-teams' });
    await publish(one);
    const posted = await account.untilPosted(({ path }) => path === '/teams');
    expect(posted.filter(({ path }) => path === '/teams').map(({ body }) => body)).toMatchObject([
      {
        type: 'message',
        attachments: [
          { content: { type: 'AdaptiveCard', body: [{ text: changeSummary(one, site) }] } },
        ],
      },
    ]);
  });

  test('matches one namespace, and shows the event that is on the bus', async () => {
    const shown = z
      .object({ source: z.string(), 'detail-type': z.string(), detail: z.looseObject({}) })
      .parse(JSON.parse(block('event.json')));
    await account.rule('all', block('alerts.json'), [{ Id: 'queue', Arn: account.queueArn }]);
    const uid = String(shown.detail['uid']);
    await publish(change({ uid, id: String(shown.detail['id']) }));
    const events = await account.untilQueued((body) => body.includes(uid));
    const whole = events
      .filter((body) => body.includes(uid))
      .map((body): unknown => JSON.parse(body));
    expect(whole).toEqual([expect.objectContaining(shown)]);

    await account.rule('payments', block('payments-failed.json'), [
      { Id: 'queue', Arn: account.queueArn, Input: '"payments"' },
    ]);
    await publish(change({ namespace: 'payments' }));
    const bodies = await account.untilQueued((body) => body === '"payments"');
    expect(bodies.filter((body) => body === '"payments"')).toHaveLength(1);
  });
});
