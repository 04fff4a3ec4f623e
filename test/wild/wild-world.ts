/**
 * The world of the case table: one cluster, one store and one bus on loopback. Each case gets a
 * namespace, an endpoint over it with its settings, a person with an empty home, an issuer and an
 * MCP server of its own, so that cases run beside each other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { createApi } from '../../functions/api.ts';
import { defined } from '../../functions/model/defined.ts';
import { functionUrlHandler } from '../../functions/routes/function-url.ts';
import type { Environment } from '../../functions/model/setting-reader.ts';
import { createSweep } from '../../functions/sweep.ts';
import { createAuthority } from '../../local/certificates.ts';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { startStore } from '../../local/dynamodb.ts';
import { startBus } from '../../local/event-bus.ts';
import { type FunctionUrlHandler, startFunctionUrl } from '../../local/lambda.ts';
import { listen, type Listening } from '../../local/listen.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf, type Landing } from '../world/browser.ts';
import { aManifest } from '../world/manifest.ts';
import { startWildIssuer, type WildIssuer } from '../world/wild-issuer.ts';
import { startWildServer } from '../world/wild-server.ts';
import type { Scene, Typed, TypeOptions } from './scene.ts';
import type { Surroundings } from './wild-case.ts';

/** Client id of the command line at every issuer of people. */
const commandLine = 'muster-cli';

export type WildWorld = {
  readonly open: (name: string, surroundings: Surroundings) => Promise<Scene>;
  readonly close: () => Promise<void>;
};

export async function startWildWorld(): Promise<WildWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-wild-'));
  const [authority, cluster, store, bus, muster, people] = await Promise.all([
    createAuthority(),
    startCluster({ crdFile: new URL('../../manifests/crd/crd.yaml', import.meta.url) }),
    startStore(),
    startBus([]),
    buildMuster(),
    startWildIssuer(peopleQuirks),
  ]);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.caPem);
  // The browser of the tests trusts it, as the functions and the command line do.
  setDefaultCACertificates([...getCACertificates('default'), authority.caPem]);
  const tls = await authority.issue({ hosts: ['127.0.0.1', 'localhost', proxiedHost] });
  const shared: Environment = {
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    BUS_NAME: 'muster',
    EXTRA_CA_FILE: caFile,
    GUARD: 'off',
    KUBECONFIG_YAML: cluster.kubeconfig,
    OIDC_CLIENT_ID: commandLine,
    TABLE_NAME: store.table,
    // Nobody sweeps but the cases, and no row is stale.
    TICK_SECONDS: '600',
    HEARTBEAT_SECONDS: '600',
    TOKEN_KEYS: `wild:${randomBytes(32).toString('base64url')}`,
  };
  let last = 0;

  async function open(name: string, surroundings: Surroundings): Promise<Scene> {
    last += 1;
    const namespace = `case-${String(process.pid)}-${String(last)}`;
    const person = { email: `person-${String(last)}@example.com` };
    const own = surroundings.people;
    const [issuer, theirs, home] = await Promise.all([
      startWildIssuer(surroundings.issuer, defined({ tls: surroundings.https ? tls : undefined })),
      own === undefined ? people : startWildIssuer({ ...peopleQuirks, ...own }),
      mkdtemp(join(folder, 'home-')),
    ]);
    const mcp = await startWildServer(issuer, surroundings.server);
    let answer: FunctionUrlHandler = async () => ({ statusCode: 503 });
    const plain = await startFunctionUrl({
      handler: (event, context) => answer(event, context),
    });
    const front =
      surroundings.secureEndpoint || surroundings.proxied ? await tlsBefore(plain, tls) : undefined;
    const reached = (front ?? plain).url;
    const proxy = surroundings.proxied ? await startConnectProxy(new URL(reached)) : undefined;
    const endpoint = proxy === undefined ? reached : `https://${proxiedHost}`;
    const facts = { issuer, people: theirs, mcp, endpoint };
    const environment: Environment = {
      ...shared,
      NAMESPACE: namespace,
      OIDC_ISSUER: theirs.url,
      PUBLIC_URL: endpoint,
      ...surroundings.settings?.(facts),
    };
    const url = surroundings.url?.(facts) ?? mcp.url;
    const spec = defined({ type: 'streamable-http', url, auth: surroundings.auth?.(facts) });
    const manifest = stringify(aManifest({ name: 'wild', namespace, spec }));
    const refused = await declareServers(cluster.kubeconfig, manifest, name);
    const runSweep = createSweep(environment);
    const sweep = async () =>
      void (await runSweep({ kind: 'tick', at: new Date().toISOString(), everything: true }));
    await sweep();
    answer = functionUrlHandler(createApi(environment));
    const seen = new Set<string>();
    const browser = browserOf(
      person,
      rememberingFetch(seen, (url) => url.replace(endpoint, reached)),
    );
    const isStuck = isStuckAt([issuer, theirs]);

    const type = async (line: string, options: TypeOptions = {}): Promise<Typed> => {
      let interrupt: () => void = () => {};
      const interrupted = new Promise<void>((resolve) => (interrupt = resolve));
      const timer =
        options.until === undefined ? undefined : setTimeout(interrupt, options.until.ms);
      const follow = async (address: string): Promise<void> => {
        if (options.nobody) return interrupt();
        if (isStuck(await browser.visit(address)) && options.until === undefined) interrupt();
      };
      const ended = await runMuster(muster, line, {
        home,
        endpoint,
        // Reading it takes longer than most commands.
        environment: {
          ...(front === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
          ...(proxy === undefined ? {} : { HTTPS_PROXY: proxy.url }),
          ...surroundings.environment,
          ...options.environment,
        },
        onAddress: follow,
        interrupted,
        onError: (text) => {
          if (options.until?.says.test(text)) interrupt();
        },
      });
      clearTimeout(timer);
      return { ...ended, line };
    };

    return {
      server: 'wild',
      ...facts,
      refused,
      type,
      sweep,
      writeState: (state) => writeState(cluster.url, namespace, state),
      secrets: () =>
        new Set([...seen, ...issuer.secrets, ...theirs.secrets, ...given(environment)]),
      close: async () => {
        await Promise.all([issuer.close(), mcp.close(), plain.close(), front?.close()]);
        await proxy?.close();
        if (theirs !== people) await theirs.close();
      },
    };
  }

  return {
    open,
    close: async () => {
      await Promise.all([people, cluster, store, bus].map((one) => one.close()));
      await removeMuster(muster);
      await rm(folder, { recursive: true });
    },
  };
}

/** An issuer of people as a good one is. */
const peopleQuirks = {
  clients: [{ id: commandLine, redirectUris: ['http://127.0.0.1/callback'] }],
} as const;

/** The browser ended at a page of an issuer and not with the command that sent it. */
const isStuckAt =
  (issuers: readonly WildIssuer[]) =>
  ({ url }: Landing): boolean =>
    issuers.some((issuer) => new URL(issuer.url).origin === url.origin);

/** Secrets that the owner typed into OAUTH_CLIENTS. */
const given = ({ OAUTH_CLIENTS: clients = '' }: Environment): readonly string[] =>
  [...clients.matchAll(/"secret":"([^"]+)"/g)].flatMap(([, secret]) => secret ?? []);

/** Remembers what a redirect carries that must not be seen. `reached` knows where a name leads. */
const rememberingFetch =
  (seen: Set<string>, reached: (url: string) => string): typeof globalThis.fetch =>
  (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    for (const name of ['code', 'secret'])
      if ((url.searchParams.get(name)?.length ?? 0) >= 20)
        seen.add(url.searchParams.get(name) ?? '');
    return fetch(reached(url.href), init);
  };

/** TLS before an endpoint: client metadata documents need https. */
async function tlsBefore(
  { url }: Listening,
  { certPem: cert, keyPem: key }: { readonly certPem: string; readonly keyPem: string },
): Promise<Listening> {
  const server = createHttpsServer({ cert, key }, (request, response) => {
    const { method = 'GET', url: path = '/', headers } = request;
    const relay = async (): Promise<void> => {
      const body = await buffer(request);
      const { connection: _connection, 'content-length': _length, host: _host, ...kept } = headers;
      const answer = await fetch(
        `${url}${path}`,
        defined({
          method,
          redirect: 'manual' as const,
          headers: Object.fromEntries(
            Object.entries(kept).map(([name, value]) => [name, String(value)]),
          ),
          body: body.length === 0 ? undefined : new Uint8Array(body),
        }),
      );
      // fetch has decompressed it.
      const { 'content-encoding': _encoding, ...others } = Object.fromEntries(answer.headers);
      response.writeHead(answer.status, others);
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
    relay().catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  const listening = await listen(server);
  return { ...listening, url: listening.url.replace('http:', 'https:') };
}

/** A name that only the proxy of the company resolves. */
const proxiedHost = 'muster.wild.test';

/** A proxy for https (RFC 9110, section 9.3.6) that knows one name. */
async function startConnectProxy({ hostname, port }: URL): Promise<Listening> {
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    if (request.url !== `${proxiedHost}:443`) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  return listen(server);
}

/** As upstream muster does: its own word, and nothing else. */
async function writeState(cluster: string, namespace: string, state: string): Promise<void> {
  const path = `/apis/muster.giantswarm.io/v1alpha1/namespaces/${namespace}/mcpservers/wild/status`;
  const written = await fetch(`${cluster}${path}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ status: { state } }),
  });
  if (!written.ok) throw new Error(`The cluster answered HTTP ${String(written.status)}.`);
}
