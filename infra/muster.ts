/**
 * The whole deployment: table, bus, the two functions, the schedule, the site, alarms and dashboard.
 */
import { alarms } from './alarms.ts';
import { makeApi } from './api.ts';
import type { Arguments } from './arguments.ts';
import { boundRoles } from './boundary.ts';
import { clusterSettings, leaseOf, letIn } from './cluster.ts';
import { deadLetters } from './dead-letters.ts';
import { closeRoles } from './functions.ts';
import { site } from './site.ts';
import { makeSweep } from './sweep.ts';

/** Returns the names of what was created; `docs/deploy.md` lists them. */
export function muster(given: Arguments): Record<string, $util.Input<string>> {
  closeRoles();
  boundRoles(given.permissionsBoundary);
  // Grants of people, state changes that the bus has not accepted yet, and the last changes.
  const table = new sst.aws.Dynamo('Table', {
    fields: { pk: 'string', sk: 'string' },
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
    ttl: 'expires',
    deletionProtection: $app.stage === 'production',
  });
  const bus = new sst.aws.Bus('Bus');
  const dead = deadLetters(bus);
  const common = {
    table,
    shared: {
      runtime: 'nodejs24.x',
      architecture: 'arm64',
      // SST 4.17.1 says that it minifies by default, and does not. What is split is loaded when it
      // is first used.
      nodejs: { minify: true, splitting: true },
      ...(given.vpc && { vpc: given.vpc }),
    },
    settings: {
      ...leaseOf($app.stage),
      ...given.settings,
      ...clusterSettings(given.cluster),
      TABLE_NAME: table.name,
      HEARTBEAT_SECONDS: String(given.heartbeatSeconds),
      METRICS_NAMESPACE: `${$app.name}-${$app.stage}`,
      // glibc keeps heaps for every thread; two are enough, and a sweep needs 10 to 15 MB less (npm
      // run bench:sweep).
      MALLOC_ARENA_MAX: '2',
    },
  } as const;
  const sweep = makeSweep({ ...common, bus, dead, reserved: given.concurrency.sweep });
  const api = makeApi({ ...common, reserved: given.concurrency.api });
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
