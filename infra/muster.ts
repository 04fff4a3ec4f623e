/**
 * The whole deployment: table, bus, the two functions, the schedule, the site, alarms and dashboard.
 */
import { eventSource, pageType } from '../functions/model/bus-events.ts';
import { alarms } from './alarms.ts';
import type { Arguments } from './arguments.ts';
import { closeRoles, logGroup, onlyForUs, rows } from './functions.ts';
import { site } from './site.ts';

/** Returns the names of what was created; `docs/deploy.md` lists them. */
export function muster(given: Arguments): Record<string, $util.Input<string>> {
  closeRoles();
  const isProduction = $app.stage === 'production';
  const tokenKeys = new sst.Secret('TokenKeys');
  const oauthClients = new sst.Secret('OauthClients', '[]');

  // Grants of people, state changes that the bus has not accepted yet, and the last changes.
  const table = new sst.aws.Dynamo('Table', {
    fields: { pk: 'string', sk: 'string' },
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
    ttl: 'expires',
    deletionProtection: isProduction,
  });
  const bus = new sst.aws.Bus('Bus');
  const dead = deadLetters(bus);

  const shared = {
    runtime: 'nodejs24.x',
    architecture: 'arm64',
    // SST 4.17.1 says that it minifies by default, and does not. What is split is loaded when it is
    // first used.
    nodejs: { minify: true, splitting: true },
    ...(given.vpc && { vpc: given.vpc }),
  } as const;
  const settings = {
    ...given.settings,
    ...clusterSettings(given.cluster),
    TABLE_NAME: table.name,
    HEARTBEAT_SECONDS: String(given.heartbeatSeconds),
    METRICS_NAMESPACE: `${$app.name}-${$app.stage}`,
    // glibc keeps heaps for every thread; two are enough, and a sweep needs 10 to 15 MB less (npm
    // run bench:sweep).
    MALLOC_ARENA_MAX: '2',
  };

  const sweepLog = logGroup('Sweep');
  const sweep = new sst.aws.Function('Sweep', {
    ...shared,
    handler: 'functions/sweep.handler',
    memory: '512 MB',
    // A page of servers that all hang takes 20 s; what is still running when the next sweep starts
    // is fenced off.
    timeout: '60 seconds',
    ...reservedOf(given.concurrency.sweep),
    // The next tick is the retry, so a page that fails never multiplies.
    retries: 0,
    logging: { logGroup: sweepLog.name },
    environment: { ...settings, BUS_NAME: bus.name },
    permissions: [
      { actions: ['events:PutEvents'], resources: [bus.arn] },
      { actions: ['sqs:SendMessage'], resources: [dead.arn] },
      rows(table, ['PutItem', 'UpdateItem', 'DeleteItem', 'Query'], ['outbox ']),
      rows(table, ['BatchWriteItem'], ['changes ']),
      sweepLog.grant,
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

  const apiLog = logGroup('Api');
  const api = new sst.aws.Function('Api', {
    ...shared,
    handler: 'functions/api.handler',
    memory: '512 MB',
    // A verification may wait 35 s for the refresh of another request.
    timeout: '45 seconds',
    ...reservedOf(given.concurrency.api),
    // The function checks the token itself. Its callers are command lines, not pages of other sites.
    url: { authorization: 'none', cors: false },
    logging: { logGroup: apiLog.name },
    environment: { ...settings, TOKEN_KEYS: tokenKeys.value, OAUTH_CLIENTS: oauthClients.value },
    permissions: [
      rows(
        table,
        ['GetItem', 'PutItem', 'DeleteItem', 'Query'],
        ['person ', 'signin ', 'parked ', 'client ', 'proof '],
      ),
      // The counters of the limits, and nothing else, are updated in place.
      rows(table, ['UpdateItem'], ['limit ']),
      rows(table, ['Query'], ['changes ']),
      apiLog.grant,
    ],
  });

  letIn(given.cluster, { Sweep: sweep, Api: api });
  const siteUrl = given.settings['SITE_URL'];
  alarms({
    sweep,
    api,
    dead,
    ...(given.alarmEmail && { email: given.alarmEmail }),
    ...(siteUrl && { siteUrl }),
  });
  return {
    endpoint: api.url,
    bus: bus.name,
    table: table.name,
    deadLetters: dead.url,
    ...(given.site && { site: site(given.site) }),
  };
}

const tickSeconds = 60;

const reservedOf = (reserved: number | undefined) =>
  reserved === undefined ? {} : { concurrency: { reserved } };

/**
 * How the functions connect to the cluster, by settings. On EKS no credential is stored: they sign
 * with their roles.
 */
function clusterSettings(
  cluster: Arguments['cluster'],
): Readonly<Record<string, $util.Input<string>>> {
  switch (cluster.kind) {
    case 'eks': {
      const { endpoint, certificateAuthorities } = aws.eks.getClusterOutput({ name: cluster.name });
      return {
        EKS_CLUSTER: cluster.name,
        CLUSTER_URL: endpoint,
        CLUSTER_CA: certificateAuthorities.apply(([first]) => first?.data ?? ''),
      };
    }
    case 'kubeconfig':
      return { KUBECONFIG_YAML: new sst.Secret('Kubeconfig').value };
  }
}

/** Maps the roles in EKS to the group that `manifests/rbac.yaml` binds. */
function letIn(
  cluster: Arguments['cluster'],
  functions: Readonly<Record<string, sst.aws.Function>>,
): void {
  if (cluster.kind !== 'eks') return;
  for (const [name, { nodes }] of Object.entries(functions)) {
    new aws.eks.AccessEntry(`${name}Access`, {
      clusterName: cluster.name,
      principalArn: nodes.role.arn,
      kubernetesGroups: ['muster-sweep'],
    });
  }
}

/** What Scheduler, the bus or Lambda could not deliver, so that a dropped page is visible. */
function deadLetters(bus: sst.aws.Bus): aws.sqs.Queue {
  const queue = new aws.sqs.Queue('DeadLetters', {
    messageRetentionSeconds: 14 * 24 * 3600,
    sqsManagedSseEnabled: true,
  });
  const { partition } = aws.getPartitionOutput();
  const ourRules = $interpolate`arn:${partition}:events:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:rule/${bus.name}/*`;
  new aws.sqs.QueuePolicy('DeadLettersPolicy', {
    queueUrl: queue.url,
    policy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          effect: 'Allow',
          principals: [{ type: 'Service', identifiers: ['events.amazonaws.com'] }],
          actions: ['sqs:SendMessage'],
          resources: [queue.arn],
          conditions: [{ test: 'ArnLike', variable: 'aws:SourceArn', values: [ourRules] }],
        },
      ],
    }).json,
  });
  return queue;
}
