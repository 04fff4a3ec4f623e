/**
 * The whole deployment: table, bus, the two functions, the schedule, the site, alarms and dashboard.
 */
import { secretsOfApi, secretsOfSweep } from '../functions/model/secret-names.ts';
import { alarms } from './alarms.ts';
import { alerts } from './alerts.ts';
import { makeApi } from './api.ts';
import type { Arguments } from './arguments.ts';
import { boundRoles } from './boundary.ts';
import { clusterSettings, leaseOf, letIn } from './cluster.ts';
import { deadLetters } from './dead-letters.ts';
import { closeRoles, logGroupOf } from './functions.ts';
import { mailNotice } from './mail-notice.ts';
import { publish } from './publish.ts';
import { secrets } from './secrets.ts';
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
  const ofStage = secrets();
  const onEks = given.cluster.kind === 'eks';
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
      ...ofStage.settings,
      TABLE_NAME: table.name,
      HEARTBEAT_SECONDS: String(given.heartbeatSeconds),
      METRICS_NAMESPACE: `${$app.name}-${$app.stage}`,
      // glibc keeps heaps for every thread; two are enough, and a sweep needs 10 to 15 MB less
      // (npm run bench -- load).
      MALLOC_ARENA_MAX: '2',
    },
  } as const;
  const sweep = makeSweep({
    ...common,
    bus,
    dead,
    secrets: ofStage.readBy(secretsOfSweep(onEks)),
    reserved: given.concurrency.sweep,
  });
  const api = makeApi({
    ...common,
    secrets: ofStage.readBy(secretsOfApi(onEks)),
    reserved: given.concurrency.api,
    front: given.front,
  });
  letIn(given.cluster, { Sweep: sweep, Api: api });
  const { address, outputs } = publish(given, api);
  const { watch } = given;
  alerts({ bus, dead, email: watch.alertEmail, webhook: watch.alertWebhook });
  const siteUrl = given.settings['SITE_URL'];
  alarms({
    sweep,
    address,
    dead,
    ...(watch.alarmEmail && { email: watch.alarmEmail }),
    ...(siteUrl && { siteUrl }),
  });
  return {
    ...outputs,
    bus: bus.name,
    table: table.name,
    deadLetters: dead.url,
    sweepLog: logGroupOf(sweep),
    apiLog: logGroupOf(api),
    ...mailNotice(watch),
  };
}
