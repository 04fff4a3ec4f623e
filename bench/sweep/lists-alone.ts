/**
 * The lists of a sweep and nothing else. `whole`: every page from the API server to MCPServers, as
 * the sweep reads them. `pieces`: the same answers from memory, gunzip, JSON and schema each by
 * itself, with their sizes.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { readItem } from '../../functions/adapters/cluster/mcpserver-object.ts';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import { allPages } from '../../functions/model/all-pages.ts';
import { readSweepSettings } from '../../functions/settings.ts';
import { createCluster } from '../../functions/wiring/cluster-client.ts';
import * as z from 'zod/mini';
import { lapsOf } from '../laps.ts';
import { sweepSettings } from './sweep-settings.ts';

const [how = '', kubeconfig = '', bus = '', pageSize = ''] = process.argv.slice(2);
const cluster = createCluster(readSweepSettings(sweepSettings({ kubeconfig, bus, pageSize })));
const listPage = pageLister(cluster);
const limit = Number(pageSize);

async function whole(): Promise<Readonly<Record<string, number>>> {
  const pages = await allPages(async (token) => {
    const listed = await listPage({ limit, ...(token !== undefined && { continue: token }) });
    return listed.kind === 'page' ? listed.page : undefined;
  });
  return { servers: pages.reduce((sum, { servers }) => sum + servers.length, 0) };
}

const list = z.object({
  items: z.array(z.unknown()),
  metadata: z.object({ continue: z.optional(z.string()) }),
});

async function texts(): Promise<readonly Buffer[]> {
  const bodies = await allPages(async (token) => {
    const body = await cluster.api.listClusterCustomObject({
      group: 'muster.giantswarm.io',
      version: 'v1alpha1',
      plural: 'mcpservers',
      limit,
      ...(token !== undefined && { _continue: token }),
    });
    const { continue: next } = list.parse(body).metadata;
    return { body, ...(next !== undefined && next !== '' && { continue: next }) };
  });
  // As the API server does: level 1.
  return bodies.map(({ body }) => gzipSync(JSON.stringify(body), { level: 1 }));
}

let kept: readonly Buffer[] | undefined;
async function pieces(): Promise<Readonly<Record<string, number>>> {
  kept ??= await texts();
  const counts = { gunzipMs: 0, jsonMs: 0, readMs: 0, plainBytes: 0, gzipBytes: 0, servers: 0 };
  for (const page of kept) {
    const begin = performance.now();
    const plain = gunzipSync(page);
    const unzipped = performance.now();
    const { items } = list.parse(JSON.parse(plain.toString()));
    const parsed = performance.now();
    const servers = items.map(readItem).filter(({ kind }) => kind === 'server').length;
    counts.gunzipMs += unzipped - begin;
    counts.jsonMs += parsed - unzipped;
    counts.readMs += performance.now() - parsed;
    counts.plainBytes += plain.length;
    counts.gzipBytes += page.length;
    counts.servers += servers;
  }
  return counts;
}

lapsOf(how === 'whole' ? whole : pieces);
