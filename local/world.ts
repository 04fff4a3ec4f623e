import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pageLister } from '../functions/adapters/cluster/kubernetes.ts';
import { createApi } from '../functions/api.ts';
import { functionUrlHandler } from '../functions/routes/function-url.ts';
import { createCluster } from '../functions/wiring/cluster-client.ts';
import { allPages } from '../functions/model/all-pages.ts';
import { eventSource, pageType, stateChangedType } from '../functions/model/bus-events.ts';
import { rowOf } from '../functions/sessions/row.ts';
import type { Environment } from '../functions/model/setting-reader.ts';
import { readClusterSettings } from '../functions/settings.ts';
import { createSweep } from '../functions/sweep.ts';
import type { List } from '../functions/model/wire/server-wire.ts';
import { type Bus, type BusEvent, startBus } from './event-bus.ts';
import { startCluster } from './cluster/local-cluster.ts';
import { declareServers } from './declare-servers.ts';
import { startDemo } from './demo.ts';
import { commandLineClient, type Issuer, startIssuer } from './issuer.ts';
import { type FunctionUrlHandler, startFunctionUrl } from './lambda.ts';
import { isBuilt, siteFiles } from './site-files.ts';
import { startStore } from './dynamodb.ts';
import { defined } from '../functions/model/defined.ts';
import type { SweepReport } from '../functions/telemetry/report.ts';

export type WorldOptions = {
  /** Of the endpoint; 0, the default, takes a free one. */
  readonly port?: number;
  /** A kubeconfig file: that cluster instead of the embedded one. */
  readonly kubeconfig?: string;
  /** A YAML file: its MCPServers instead of the demo ones. */
  readonly servers?: string;
  /** The address rules of the cloud: loopback and private networks are not contacted. */
  readonly guard?: boolean;
  readonly tickMs?: number;
  /** Folder of the built site: it is served at the address of the endpoint, with the live page. */
  readonly site?: URL;
  /** Is called for every change of state. */
  readonly changed?: (event: BusEvent) => void;
  /** Settings of the functions that a test overrides. */
  readonly settings?: Environment;
  /** Starts the functions; without it they run from the sources, in this process. */
  readonly functions?: (environment: Environment) => Promise<Functions>;
};

/** What is deployed, as its callers see it. */
export type Functions = {
  readonly sweep: (event: unknown) => Promise<SweepReport>;
  readonly api: FunctionUrlHandler;
  readonly close: () => Promise<void>;
};

export type World = {
  /** Address of the endpoint. */
  readonly url: string;
  readonly environment: Environment;
  readonly issuer: Issuer;
  readonly bus: Bus;
  /** MCPServers of the YAML file that the cluster refused, a line each. */
  readonly refused: readonly string[];
  /** One tick through all its pages. `everything` does not wait for due times. */
  readonly sweep: (wanted: { readonly everything: boolean }) => Promise<readonly SweepReport[]>;
  /** What the owner of the machine may see: every server, without any session. */
  readonly list: () => Promise<List>;
  readonly close: () => Promise<void>;
};

type Part = { readonly close: () => Promise<void> };

/** The whole system on loopback. When one part cannot start, the parts that have started are closed. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const parts: Part[] = [];
  const keep = <StartResult extends Part>(part: StartResult): StartResult => {
    parts.unshift(part);
    return part;
  };
  const close = async (): Promise<void> => {
    for (const part of parts) await part.close();
  };
  try {
    return await assemble(options, keep, close);
  } catch (error) {
    await close();
    throw error;
  }
}

type Keep = <StartResult extends Part>(part: StartResult) => StartResult;

async function assemble(
  options: WorldOptions,
  keep: Keep,
  close: () => Promise<void>,
): Promise<World> {
  const { port = 0, tickMs = 60_000, guard = false, changed = () => {} } = options;
  // First, so that a port in use is reported before anything else has started.
  let answer: FunctionUrlHandler = async () => ({ statusCode: 503 });
  const functionUrl = keep(
    await startFunctionUrl({
      handler: (event, context) => answer(event, context),
      port,
      ...defined({ files: options.site && siteFiles(options.site) }),
    }),
  );
  const cluster =
    options.kubeconfig === undefined
      ? keep(await startCluster({ crdFile: new URL('../manifests/crd/crd.yaml', import.meta.url) }))
      : undefined;
  const refused = cluster === undefined ? [] : await populate(cluster.kubeconfig, options, keep);
  const [issuer, store] = await Promise.all([startIssuer(), startStore()]);
  keep(issuer);
  keep(store);

  const reports: SweepReport[] = [];
  const runPage = async (event: unknown): Promise<void> => {
    reports.push(await sweep(event));
  };
  const bus = keep(
    await startBus([
      { pattern: { source: [eventSource], 'detail-type': [pageType] }, target: runPage },
      {
        pattern: { source: [eventSource], 'detail-type': [stateChangedType] },
        target: async (event) => changed(event),
      },
    ]),
  );
  const environment: Environment = {
    ...(cluster === undefined
      ? { KUBECONFIG: options.kubeconfig }
      : { KUBECONFIG_YAML: cluster.kubeconfig }),
    ANONYMOUS_LIST: 'on',
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    BUS_NAME: 'muster',
    GUARD: guard ? 'on' : 'off',
    // There is one caller, who has just changed something and looks.
    LIST_SHARED_SECONDS: '0',
    LIVE_PAGE: options.site === undefined ? 'off' : 'on',
    OIDC_CLIENT_ID: commandLineClient.client_id,
    OIDC_ISSUER: issuer.url,
    PUBLIC_URL: functionUrl.url,
    RELEASE_TOKENS: 'on',
    SERVICE_PROXY: 'on',
    SITE_URL: options.site !== undefined && isBuilt(options.site) ? functionUrl.url : undefined,
    TABLE_NAME: store.table,
    TICK_SECONDS: String(tickMs / 1000),
    TOKEN_KEYS: `local:${randomBytes(32).toString('base64url')}`,
    ...options.settings,
  };
  // The AWS clients require them, also for stand-ins on loopback.
  process.env['AWS_REGION'] ??= 'local';
  process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
  const { sweep, api } = keep(await (options.functions ?? fromSources)(environment));
  answer = api;
  return {
    url: functionUrl.url,
    environment,
    issuer,
    bus,
    refused,
    sweep: async ({ everything }) => {
      reports.length = 0;
      await runPage({ kind: 'tick', at: new Date().toISOString(), everything });
      await bus.idle();
      return [...reports];
    },
    list: () => listEverything(environment),
    close,
  };
}

const fromSources = async (environment: Environment): Promise<Functions> => ({
  sweep: createSweep(environment),
  api: functionUrlHandler(createApi(environment)),
  close: async () => {},
});

async function populate(
  kubeconfig: string,
  { servers }: WorldOptions,
  keep: Keep,
): Promise<readonly string[]> {
  if (servers !== undefined)
    return declareServers(kubeconfig, await readFile(servers, 'utf8'), servers);
  const demo = keep(await startDemo());
  return declareServers(kubeconfig, demo.yaml, 'the demo');
}

async function listEverything(environment: Environment): Promise<List> {
  const list = pageLister(createCluster(readClusterSettings(environment)));
  const now = new Date();
  const pages = await allPages(async (token) => {
    const listed = await list(defined({ limit: 500, continue: token }));
    if (listed.kind === 'expired') throw new Error('The list expired while it was read.');
    return listed.page;
  });
  return {
    items: pages.flatMap(({ servers }) =>
      servers.map((server) => rowOf(server, { anonymous: false, now, heartbeatMs: 300_000 })),
    ),
    problems: pages.flatMap(({ malformed }) => malformed),
  };
}
