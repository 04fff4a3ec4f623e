/**
 * Dollars a month for a sweep every minute, by the times of `bench/cost/scale.ts` and dated public
 * prices, beside what CloudWatch Synthetics and Checkly ask for the same checks. Free tiers are
 * left out; so are what people ask for (requests to the endpoint, its gateway and CloudFront) and
 * the network (NAT, data out). Run: npm run bench -- cost
 */
import { fleets, type Scale, shares, simulate, table } from './scale.ts';

/** us-east-1, without free tiers, read on 2026-11-22; secrets, alerts and NAT on 2026-11-26. */
const dollars = {
  lambdaRequest: 0.2 / 1e6,
  lambdaGigabyteSecond: 0.0000133334, // arm64
  schedulerInvocation: 1 / 1e6,
  event: 1 / 1e6,
  tableWrite: 0.625 / 1e6,
  tableRead: 0.125 / 1e6,
  logGigabyte: 0.5,
  metric: 0.3,
  alarm: 0.1,
  compositeAlarm: 0.5,
  dashboard: 3,
  // A kubeconfig is longer than 4,096 characters, which makes its parameter an advanced one.
  advancedParameter: 0.05,
  advancedRead: 0.05 / 10_000,
  decryption: 0.03 / 10_000,
  email: 2 / 100_000,
  webhookCall: 0.2 / 1e6,
  natGatewayHour: 0.045,
  syntheticsRun: 0.0012, // aws.amazon.com/cloudwatch/pricing
  // "API: $2 per 10k runs", prepaid: checklyhq.com/docs/monitoring/check-pricing
  checklyRun: 2 / 10_000,
} as const;

const minutesAMonth = 30 * 24 * 60;
const sweepMemoryGb = 0.5;
const ownMetrics = 12;
const reasonsSeen = 4;
const alarms = 15;
const compositeAlarms = 1;
const outboxPartitions = 8;
const logBytesOfASweep = 1500;
// Each function reads its secrets every five minutes: the sweep one, the endpoint three.
const secretReadsAMonth = minutesAMonth / 5;
const secretsOfSweep = 1;
const secretsOfApi = 3;
/**
 * Put, confirm and delete in the outbox, and one row of the last changes; a change of state an hour
 * for one server in a hundred.
 */
const writesOfAChange = 4;
const changesAMonth = (servers: number): number => servers * 0.01 * 24 * 30;

type Cost = {
  readonly scale: Scale;
  readonly sweeps: number;
  readonly table: number;
  readonly watching: number;
  readonly secrets: number;
  /** One email and one call of a webhook for each change. */
  readonly alerts: number;
};

function costOf(scale: Scale): Cost {
  const { invocations, lambdaSeconds, servers } = scale;
  const pages = invocations * minutesAMonth;
  return {
    scale,
    sweeps:
      lambdaSeconds * minutesAMonth * sweepMemoryGb * dollars.lambdaGigabyteSecond +
      pages * (dollars.lambdaRequest + dollars.event) +
      minutesAMonth * dollars.schedulerInvocation +
      changesAMonth(servers) * dollars.event,
    table:
      minutesAMonth * outboxPartitions * dollars.tableRead +
      changesAMonth(servers) * writesOfAChange * dollars.tableWrite,
    watching:
      (pages * logBytesOfASweep * dollars.logGigabyte) / 1e9 +
      (ownMetrics + reasonsSeen) * dollars.metric +
      alarms * dollars.alarm +
      compositeAlarms * dollars.compositeAlarm +
      dollars.dashboard,
    secrets:
      dollars.advancedParameter +
      secretReadsAMonth *
        (2 * dollars.advancedRead + (secretsOfSweep + secretsOfApi) * dollars.decryption),
    alerts: changesAMonth(servers) * (dollars.email + dollars.webhookCall),
  };
}

const together = ({ sweeps, table, watching, secrets, alerts }: Cost): number =>
  sweeps + table + watching + secrets + alerts;

const money = (amount: number): string =>
  amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = (amount: number): string => Math.round(amount).toLocaleString('en');
const checks = ({ servers }: Scale): number => servers * minutesAMonth;

const costs = fleets.flatMap((servers) => shares.map((share) => costOf(simulate(servers, share))));

console.log(
  table<Cost>(
    [
      ['servers', ({ scale }) => scale.servers.toLocaleString('en')],
      ['hanging', ({ scale }) => `${scale.hangingShare * 100} %`],
      ['sweeps $', ({ sweeps }) => money(sweeps)],
      ['table $', (cost) => money(cost.table)],
      ['logs, metrics, alarms $', ({ watching }) => money(watching)],
      ['secrets $', ({ secrets }) => money(secrets)],
      ['alerts $', ({ alerts }) => money(alerts)],
      ['together $', (cost) => money(together(cost))],
      ['Synthetics $', ({ scale }) => whole(checks(scale) * dollars.syntheticsRun)],
      ['Checkly $', ({ scale }) => whole(checks(scale) * dollars.checklyRun)],
    ],
    costs,
  ),
);

const dollarsOf = (servers: number, share: number): string =>
  costs
    .filter(({ scale }) => scale.servers === servers && scale.hangingShare === share)
    .map((cost) => `$${whole(together(cost))}`)
    .join();

console.log(
  `\nA month: ${[100, 1000, 10_000]
    .map(
      (servers) =>
        `${whole(servers)} servers ${dollarsOf(servers, 0)}, ${dollarsOf(servers, 1)} if all hang`,
    )
    .join('; ')}. A NAT gateway: $${whole(30 * 24 * dollars.natGatewayHour)} and $0.045 a GB.`,
);
