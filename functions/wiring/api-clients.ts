import { sealer } from '../adapters/dynamodb/seal.ts';
import { textSealer } from '../adapters/dynamodb/sealed-text.ts';
import { circuit, pauseMs } from '../adapters/network/circuit.ts';
import type { LogLine } from '../model/log-line.ts';
import { once } from '../model/once.ts';
import { rateLimits } from '../sessions/rate-limits.ts';
import type { ApiSettings } from '../settings.ts';
import { auditTrail } from '../telemetry/audit.ts';
import { auditCounter } from '../telemetry/metrics.ts';
import { createCluster } from './cluster-client.ts';
import { keyRenewal } from './key-renewal.ts';
import type { ReadAgain } from './secrets.ts';
import { sharedLister } from './shared-list.ts';
import { selectedLister, selectedReader } from './selected-servers.ts';

// A call that failed was repeated already; three in a row are no accident.
const clusterRules = { failures: 3, pauseMs };
// How often keys are read again within 10 s. Rows are our own; texts come from anyone.
const [ofRows, ofTexts] = [10, 1];

/** What the process of the endpoint gives to its clients. */
type Process = {
  readonly log: (line: LogLine) => void;
  readonly now: () => Date;
  /** Reads the secrets again; undefined where they come from the environment. */
  readonly readAgain: ReadAgain | undefined;
};

/**
 * The clients of the endpoint. Most cold starts answer a list: what a list does not need is loaded
 * by the first request that needs it.
 */
export function createClients(settings: ApiSettings, { log, now, readAgain }: Process) {
  const cluster = { ...createCluster(settings), circuit: circuit(clusterRules, now) };
  const connector = once(async () =>
    (await import('./network-client.ts')).createConnector(settings),
  );
  const readServer = selectedReader(cluster);
  const prober = once(async () =>
    (await import('./probe-client.ts')).createProber(settings, await connector(), cluster),
  );
  const audit = auditTrail(log, auditCounter(settings.metricsNamespace));
  const store = once(async () =>
    (await import('./table-client.ts')).createGrantStore(settings.table, {
      sealer: sealer(settings.tokenKeys, readAgain && keyRenewal(readAgain, now, ofRows)),
      now,
      audit,
    }),
  );
  const history = once(async () =>
    (await import('./table-client.ts')).createHistory(settings.table),
  );
  const rates = once(async () =>
    (await import('./table-client.ts')).createRateLimits(settings.table),
  );
  const limits = rateLimits({
    now,
    audit,
    log,
    countUse: async (use) => (await rates()).countUse(use),
  });
  const signInPorts = once(async () =>
    (await import('./signin-ports.ts')).signInPorts(settings, {
      store: await store(),
      connector: await connector(),
      cluster,
      readServer,
      now,
      limits,
      audit,
    }),
  );
  const sealedTexts = textSealer(
    sealer(settings.tokenKeys, readAgain && keyRenewal(readAgain, now, ofTexts)),
  );
  const listPage = sharedLister(selectedLister(cluster, settings.accessRules !== undefined), {
    now,
    freshMs: settings.listSharedMs,
  });
  return {
    log,
    now,
    cluster,
    listPage,
    readServer,
    prober,
    store,
    history,
    signInPorts,
    takeLimit: limits.takeLimit,
    sealedTexts,
  };
}

export type Clients = ReturnType<typeof createClients>;
