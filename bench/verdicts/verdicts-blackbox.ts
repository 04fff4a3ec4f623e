/** blackbox_exporter with the configuration that serves best here. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discoverRequest } from '../../functions/adapters/mcp/discover.ts';
import { isGatewayStatus, isProberStatus } from '../../functions/model/http-status.ts';
import { type CaseWorld, type FaultCase, rightClass } from '../../test/world/cases/fault-case.ts';
import { startExporter } from '../blackbox.ts';
import { peerProgram } from '../peers.ts';
import { type Contender, deadlineMs } from './verdicts-contender.ts';

/** Every status that shows a server which is up: the list of this product. */
const validStatusCodes = Array.from({ length: 900 }, (_, index) => 100 + index).filter(
  (status) => !isGatewayStatus(status) && !isProberStatus(status),
);

const moduleName = (method: 'get' | 'post', { server: { headers = {} } }: FaultCase): string =>
  Object.keys(headers).length === 0 ? method : `${method} ${JSON.stringify(headers)}`;

/** Servers with `spec.headers` have modules of their own. */
function configuration(cases: readonly FaultCase[], caFile: string): object {
  const http = {
    valid_status_codes: validStatusCodes,
    follow_redirects: true,
    preferred_ip_protocol: 'ip4',
    ip_protocol_fallback: true,
    tls_config: { ca_file: caFile },
  };
  const prober = { prober: 'http', timeout: '10s' };
  const { method, headers, body } = discoverRequest;
  const modules = cases
    .filter((one) => rightClass(one) !== undefined)
    .flatMap((one) => {
      const own = one.server.headers;
      const get = { method: 'GET', headers: { Accept: 'text/event-stream', ...own } };
      const post = { method, headers: { ...headers, ...own }, body };
      return [
        [moduleName('get', one), { ...prober, http: { ...http, ...get } }],
        [moduleName('post', one), { ...prober, http: { ...http, ...post } }],
      ];
    });
  return { modules: Object.fromEntries(modules) };
}

/** Undefined, with a line on how to get it, where it is not installed. */
export async function startBlackbox({ cases, caPem }: CaseWorld): Promise<Contender | undefined> {
  const peer = peerProgram('blackbox');
  if (peer.kind === 'missing') {
    console.warn(`!! ${peer.how}`);
    return undefined;
  }
  const { command, name: version } = peer;
  const folder = await mkdtemp(join(tmpdir(), 'muster-blackbox-'));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, caPem);
  const { address, child } = await startExporter(command, configuration(cases, ca), folder, [
    '--timeout-offset=0',
  ]);
  return {
    version,
    ask: async (faultCase) => {
      const methods =
        faultCase.server.type === 'sse' ? (['get'] as const) : (['get', 'post'] as const);
      const seen = await Promise.all(
        methods.map((method) => probed(`http://${address}/probe`, method, faultCase)),
      );
      if (seen.some(({ isUp, status }) => isUp && status === 401)) return 'requires a sign-in';
      return seen.some(({ isUp }) => isUp) ? 'up' : 'down';
    },
    end: async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function probed(
  endpoint: string,
  method: 'get' | 'post',
  faultCase: FaultCase,
): Promise<{ readonly isUp: boolean; readonly status: number }> {
  const { server } = faultCase;
  // It takes an address literally: no international names, no odd forms.
  const target = URL.parse(server.url ?? '')?.href ?? '';
  const query = new URLSearchParams({ module: moduleName(method, faultCase), target });
  const host = server.headers?.['Host'];
  if (host !== undefined) query.set('hostname', host);
  const seconds = (server.timeoutMs ?? deadlineMs) / 1000;
  const answer = await fetch(`${endpoint}?${query.toString()}`, {
    headers: { 'X-Prometheus-Scrape-Timeout-Seconds': String(seconds) },
  });
  const text = await answer.text();
  const metric = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { isUp: metric('probe_success') === 1, status: metric('probe_http_status_code') };
}
