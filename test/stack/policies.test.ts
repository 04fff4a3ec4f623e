import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { deployed, isMissing } from './deployed.ts';

const roleSchema = z.object({
  assumeRolePolicy: z.union([z.string(), z.looseObject({})]),
  inlinePolicies: z.array(z.object({ name: z.string(), policy: z.string() })),
  managedPolicyArns: z.optional(z.array(z.string())),
});
const account = '123456789012';
const arn = (service: string, rest: string): string =>
  `arn:aws:${service}:eu-central-1:${account}:${rest}`;
const named = (type: string, name: string): string =>
  z.object({ name: z.string() }).parse(deployed().inputs(type, name)).name;

/** What the role of that name may do, as AWS would decide it. */
async function decision(
  role: string,
  action: string,
  resource: string,
  row?: string,
): Promise<string> {
  const { inlinePolicies } = roleSchema.parse(deployed().inputs('Role', role));
  const all = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  };
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/${role}`,
        action,
        resource: { resource, accountId: account },
        contextVariables: row === undefined ? {} : { 'dynamodb:LeadingKeys': [row] },
      },
      identityPolicies: inlinePolicies.map(({ name, policy }) => ({
        name,
        policy: JSON.parse(policy),
      })),
      serviceControlPolicies: [{ orgIdentifier: 'o-1', policies: [{ name: 'all', policy: all }] }],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

const table = (): string => deployed().arn('Table', 'TableTable');
const bus = (): string => deployed().arn('EventBus', 'BusBus');
const dead = (): string => deployed().arn('Queue', 'DeadLetters');
const log = (name: string): string => `${deployed().arn('LogGroup', `${name}Log`)}:log-stream:one`;
const sweep = (): string => deployed().arn('Function', 'SweepFunction');

const secret = (name: string): string => arn('ssm', `parameter/muster/production/${name}`);

type Row = [role: string, action: string, resource: () => string, row?: string];

const calls: readonly Row[] = [
  ['SweepRole', 'events:PutEvents', bus],
  ['SweepRole', 'sqs:SendMessage', dead],
  ['SweepRole', 'dynamodb:PutItem', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:UpdateItem', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:BatchWriteItem', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:Query', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:BatchWriteItem', table, 'changes 57508e3c'],
  ['SweepRole', 'logs:CreateLogStream', () => log('Sweep')],
  ['SweepRole', 'logs:PutLogEvents', () => log('Sweep')],
  ...[
    'person ["https://issuer.example.com","ada"]',
    'signin abc',
    'parked abc',
    'client https://issuer.example.com',
    'proof abc',
  ].flatMap((row) =>
    ['GetItem', 'PutItem', 'DeleteItem', 'Query'].map(
      (action): Row => ['ApiRole', `dynamodb:${action}`, table, row],
    ),
  ),
  ['ApiRole', 'dynamodb:UpdateItem', table, 'limit ["https://issuer.example.com","ada"]'],
  ['ApiRole', 'dynamodb:Query', table, 'changes 57508e3c'],
  ['ApiRole', 'logs:PutLogEvents', () => log('Api')],
  ['ApiRole', 'ssm:GetParameters', () => secret('TokenKeys')],
  ['ApiRole', 'ssm:GetParameters', () => secret('OauthClients')],
  ['TickRole', 'lambda:InvokeFunction', sweep],
  ['TickRole', 'sqs:SendMessage', dead],
];

const others: readonly Row[] = [
  ['SweepRole', 'dynamodb:Query', table, 'person ["https://issuer.example.com","ada"]'],
  ['SweepRole', 'dynamodb:PutItem', table, 'parked abc'],
  ['SweepRole', 'dynamodb:PutItem', table, 'proof abc'],
  ['SweepRole', 'dynamodb:GetItem', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:BatchWriteItem', table, 'person ["https://issuer.example.com","ada"]'],
  ['SweepRole', 'dynamodb:DeleteItem', table, 'outbox 1'],
  ['SweepRole', 'dynamodb:Query', table, 'changes 57508e3c'],
  ['ApiRole', 'dynamodb:BatchWriteItem', table, 'changes 57508e3c'],
  ['ApiRole', 'dynamodb:PutItem', table, 'changes 57508e3c'],
  ['SweepRole', 'dynamodb:Scan', table],
  ['SweepRole', 'dynamodb:DeleteTable', table],
  ['SweepRole', 'dynamodb:PutItem', () => arn('dynamodb', 'table/another'), 'outbox 1'],
  ['SweepRole', 'events:PutEvents', () => arn('events', 'event-bus/default')],
  ['SweepRole', 'events:PutRule', () => arn('events', `rule/${named('EventBus', 'BusBus')}/mine`)],
  ['SweepRole', 'events:DeleteEventBus', bus],
  ['SweepRole', 'sqs:ReceiveMessage', dead],
  ['SweepRole', 'sqs:PurgeQueue', dead],
  ['SweepRole', 'lambda:InvokeFunction', sweep],
  ['SweepRole', 'eks:DescribeCluster', () => arn('eks', 'cluster/mine')],
  ['SweepRole', 'logs:PutLogEvents', () => log('Api')],
  ['SweepRole', 'logs:CreateLogGroup', () => arn('logs', 'log-group:/aws/lambda/another:*')],
  ['ApiRole', 'dynamodb:Query', table, 'outbox 1'],
  ['ApiRole', 'dynamodb:DeleteItem', table, 'outbox 1'],
  ['ApiRole', 'dynamodb:UpdateItem', table, 'person ["https://issuer.example.com","ada"]'],
  ['ApiRole', 'dynamodb:DeleteItem', table, 'limit ["https://issuer.example.com","ada"]'],
  ['ApiRole', 'dynamodb:PutItem', table, 'limit ["https://issuer.example.com","ada"]'],
  ['SweepRole', 'dynamodb:UpdateItem', table, 'limit ["https://issuer.example.com","ada"]'],
  ['ApiRole', 'dynamodb:Scan', table],
  ['ApiRole', 'events:PutEvents', bus],
  ['ApiRole', 'sqs:SendMessage', dead],
  ['ApiRole', 'lambda:InvokeFunction', sweep],
  ['ApiRole', 'ssm:GetParameters', () => arn('ssm', 'parameter/sst/bootstrap')],
  ['ApiRole', 'ssm:GetParameters', () => arn('ssm', 'parameter/muster/ada/TokenKeys')],
  ['ApiRole', 'ssm:GetParameters', () => secret('Kubeconfig')],
  ['ApiRole', 'ssm:GetParameter', () => secret('TokenKeys')],
  ['ApiRole', 'ssm:GetParameterHistory', () => secret('TokenKeys')],
  ['ApiRole', 'ssm:GetParametersByPath', () => arn('ssm', 'parameter/muster/production')],
  ['ApiRole', 'ssm:PutParameter', () => secret('TokenKeys')],
  ['ApiRole', 'ssm:DeleteParameters', () => secret('TokenKeys')],
  ['SweepRole', 'ssm:GetParameters', () => secret('TokenKeys')],
  ['SweepRole', 'ssm:GetParameters', () => secret('OauthClients')],
  ['SweepRole', 'ssm:GetParameters', () => secret('Kubeconfig')],
  ['TickRole', 'lambda:InvokeFunction', () => arn('lambda', 'function:another')],
  ['TickRole', 'lambda:UpdateFunctionCode', sweep],
];

describe.skipIf(isMissing)('what the functions call', () => {
  test.each([...calls])('%s may %s', async (...[role, action, resource, row]: Row) => {
    expect(await decision(role, action, resource(), row)).toBe('Allowed');
  });
});

describe.skipIf(isMissing)('everything else', () => {
  test.each([...others])('%s may not %s', async (...[role, action, resource, row]: Row) => {
    expect(await decision(role, action, resource(), row)).toBe('ImplicitlyDenied');
  });

  test('no policy of the functions has a wildcard action, a wildcard resource or a managed policy', () => {
    for (const role of ['SweepRole', 'ApiRole', 'TickRole']) {
      const { inlinePolicies, managedPolicyArns = [] } = roleSchema.parse(
        deployed().inputs('Role', role),
      );
      expect(managedPolicyArns).toEqual([]);
      for (const { policy } of inlinePolicies)
        expect(policy).not.toMatch(/:\*"\]?,"Resource|"Resource":\["\*"|"Action":\["\*/);
    }
  });

  test.each([
    ['SweepRole', 'lambda.amazonaws.com'],
    ['ApiRole', 'lambda.amazonaws.com'],
    ['TickRole', 'scheduler.amazonaws.com'],
  ])('%s is taken by %s only, not by the whole account', (role, service) => {
    const { assumeRolePolicy } = roleSchema.parse(deployed().inputs('Role', role));
    const policy =
      typeof assumeRolePolicy === 'string' ? assumeRolePolicy : JSON.stringify(assumeRolePolicy);
    expect(policy).toContain(service);
    expect(policy).not.toContain(':root');
    expect(policy).not.toContain('"AWS"');
  });

  test('only rules of our bus may send to the dead letters', () => {
    expect(deployed().inputs('QueuePolicy', 'DeadLettersPolicy')['policy']).toMatch(
      /"ArnLike":\{"aws:SourceArn":\["[^"]*rule\/muster-production-Bus/,
    );
  });
});
