/**
 * A sweep of 2,000 MCPServers on a real kube-apiserver: how many requests it takes (by the API
 * server's own count), how long, and how much memory of the function and of the API server. Run:
 * npm run bench -- cluster
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import { listen } from '../../local/listen.ts';
import { startApiServer } from '../../test/cluster/apiserver.ts';
import { findAssets } from '../../test/cluster/assets.ts';
import { install } from '../../test/cluster/install.ts';
import { asUser } from '../../test/cluster/own.ts';

const count = 2000;
const namespaces = 8;
const steadySweeps = 5;

const lapSchema = z.object({
  ms: z.number(),
  rssMb: z.number(),
  pages: z.number(),
  probed: z.number(),
  written: z.number(),
  events: z.number(),
  problems: z.number(),
});

const found = await findAssets(process.env, (line) => console.error(line));
if (found.kind !== 'assets')
  throw new Error('There is no API server to measure. npm run test:cluster says how to get one.');
const server = await startApiServer(found.assets);
const target = await listen(createServer((_request, response) => response.writeHead(401).end()));
const admin = asUser(server, server.adminToken);
const runner = fork(fileURLToPath(new URL('./cluster-runner.ts', import.meta.url)), [], {
  env: {
    ...process.env,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  },
  execArgv: ['--max-old-space-size=128', '--max-semi-space-size=2'],
});
try {
  await install(server, found.assets.kubectl);
  await declare();
  runner.send({ kubeconfig: server.kubeconfigFor(server.adminToken), issuer: target.url });
  await once(runner, 'message');
  const first = await lap();
  const steady = [];
  for (let round = 0; round < steadySweeps; round += 1) steady.push(await lap());
  const [median] = steady
    .toSorted((one, other) => one.ms - other.ms)
    .slice(Math.floor(steadySweeps / 2));
  console.log(
    `${count} MCPServers in ${namespaces} namespaces, pages of 500, kube-apiserver of ${found.assets.source}`,
  );
  print('first sweep', first);
  if (median) print(`steady sweep, median of ${steadySweeps}`, median);
  console.log(`memory of the API server: ${(await server.memoryMb()).toFixed(0)} MB`);
} finally {
  runner.disconnect();
  await admin.close();
  await target.close();
  await server.close();
}

type Lap = z.infer<typeof lapSchema> & { readonly requests: Readonly<Record<string, number>> };

function print(
  what: string,
  { ms, rssMb, pages, probed, written, events, problems, requests }: Lap,
): void {
  const list = Object.entries(requests)
    .map(([request, times]) => `${times} ${request}`)
    .join(', ');
  console.log(
    `${what}: ${ms.toFixed(0)} ms, ${rssMb.toFixed(0)} MB, ${pages} pages, ${probed} probed, ${written} written, ${events} Events, ${problems} problems`,
  );
  console.log(`  requests to the API server: ${list}`);
}

async function lap(): Promise<Lap> {
  const before = await requestCounts();
  const answer = once(runner, 'message');
  runner.send('go');
  const [message] = await answer;
  const after = await requestCounts();
  const requests = Object.fromEntries(
    [...after]
      .map(([key, times]) => [key, times - (before.get(key) ?? 0)])
      .filter(([, times]) => times !== 0),
  );
  return { ...lapSchema.parse(message), requests };
}

/** `apiserver_request_total` of what sweeps touch: verb and resource. */
async function requestCounts(): Promise<ReadonlyMap<string, number>> {
  const { body } = await admin.send('GET', '/metrics');
  const counts = new Map<string, number>();
  for (const line of String(body).split('\n')) {
    const [, labels, value] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? [];
    const label = (name: string): string =>
      new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels ?? '')?.[1] ?? '';
    if (
      labels === undefined ||
      !['mcpservers', 'leases', 'events'].includes(label('resource')) ||
      label('verb') === 'WATCH'
    )
      continue;
    // The API server renews a Lease of its own.
    if (label('resource') === 'leases' && !['PATCH', 'APPLY'].includes(label('verb'))) continue;
    const subresource = label('subresource') === '' ? '' : `/${label('subresource')}`;
    const key = `${label('verb')} ${label('resource')}${subresource} (${label('code')})`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}

async function declare(): Promise<void> {
  const limit = pLimit(16);
  for (let index = 0; index < namespaces; index += 1) {
    await admin.send('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: `team-${index}` },
    });
  }
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      limit(async () => {
        const path = `/apis/muster.giantswarm.io/v1alpha1/namespaces/team-${index % namespaces}/mcpservers`;
        const metadata = { name: `server-${index}` };
        const spec = { type: 'streamable-http', url: `${target.url}/${index}/mcp` };
        const { code } = await admin.send('POST', path, {
          apiVersion: 'muster.giantswarm.io/v1alpha1',
          kind: 'MCPServer',
          metadata,
          spec,
        });
        if (code !== 201) throw new Error(`MCPServer ${index} was answered ${code}.`);
      }),
    ),
  );
}
