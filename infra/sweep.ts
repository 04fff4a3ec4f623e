/** The sweep: its function, its schedule, and the rule that brings its pages back to it. */
import { eventSource, pageType } from '../functions/model/bus-events.ts';
import { type Common, type Grant, logGroup, onlyForUs, reservedOf, rows } from './functions.ts';

type SweepParts = Common & {
  readonly bus: sst.aws.Bus;
  readonly dead: aws.sqs.Queue;
  readonly secrets: Grant[];
  readonly reserved: number | undefined;
};

export function makeSweep({
  shared,
  settings,
  table,
  bus,
  dead,
  secrets,
  reserved,
}: SweepParts): sst.aws.Function {
  const log = logGroup('Sweep');
  const sweep = new sst.aws.Function('Sweep', {
    ...shared,
    handler: 'functions/sweep.handler',
    memory: '512 MB',
    // A page of servers that all hang takes 20 s; what is still running when the next sweep starts
    // is fenced off.
    timeout: '60 seconds',
    ...reservedOf(reserved),
    // The next tick is the retry, so a page that fails never multiplies.
    retries: 0,
    logging: { logGroup: log.name },
    environment: { ...settings, BUS_NAME: bus.name },
    permissions: [
      { actions: ['events:PutEvents'], resources: [bus.arn] },
      { actions: ['sqs:SendMessage'], resources: [dead.arn] },
      rows(table, ['PutItem', 'UpdateItem', 'Query'], ['outbox ']),
      rows(table, ['BatchWriteItem'], ['outbox ', 'changes ']),
      log.grant,
      ...secrets,
    ],
    transform: {
      eventInvokeConfig: {
        maximumEventAgeInSeconds: tickSeconds,
        destinationConfig: { onFailure: { destination: dead.arn } },
      },
    },
  });
  new sst.aws.CronV2('Tick', {
    function: sweep.arn,
    schedule: 'rate(1 minute)',
    // Scheduler fills in when the tick was due, which identifies a tick that comes twice or late.
    event: { kind: 'tick', at: '<aws.scheduler.scheduled-time>' },
    retries: 0,
    dlq: dead.arn,
    transform: {
      schedule: (schedule) => {
        schedule.target = $output(schedule.target).apply((target) => ({
          ...target,
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: tickSeconds },
        }));
      },
      role: (role) => {
        role.assumeRolePolicy = onlyForUs('scheduler.amazonaws.com');
      },
    },
  });
  // Only pages come back to the sweep; state changes are for other consumers.
  bus.subscribe('Pages', sweep.arn, {
    pattern: { source: [eventSource], detailType: [pageType] },
    transform: {
      target: {
        deadLetterConfig: { arn: dead.arn },
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: tickSeconds },
      },
    },
  });
  return sweep;
}

const tickSeconds = 60;
