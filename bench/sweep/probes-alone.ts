/**
 * The probes of a sweep and nothing else: the same prober with the same settings asks the same
 * servers, so many at a time. What a sweep takes beyond this is the sweep itself.
 */
import pLimit from 'p-limit';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import { allPages } from '../../functions/model/all-pages.ts';
import { readSweepSettings } from '../../functions/settings.ts';
import { createCluster } from '../../functions/wiring/cluster-client.ts';
import { createConnector } from '../../functions/wiring/network-client.ts';
import { createProber } from '../../functions/wiring/probe-client.ts';
import { lapsOf } from '../laps.ts';
import { sweepSettings } from './sweep-settings.ts';

const [kubeconfig = '', bus = ''] = process.argv.slice(2);
const settings = readSweepSettings(sweepSettings({ kubeconfig, bus, pageSize: '500' }));
const cluster = createCluster(settings);
const probe = createProber(settings, createConnector(settings), cluster);
const listPage = pageLister(cluster);

const read = async () => {
  const pages = await allPages(async (token) => {
    const listed = await listPage({ limit: 500, ...(token !== undefined && { continue: token }) });
    return listed.kind === 'page' ? listed.page : undefined;
  });
  return pages.flatMap(({ servers }) => servers);
};
let servers: Awaited<ReturnType<typeof read>> | undefined;

lapsOf(async () => {
  servers ??= await read();
  const limit = pLimit(settings.probeConcurrency);
  const outcomes = await Promise.all(
    servers.map((server) => limit(() => probe(server, { classify: false }))),
  );
  return { answered: outcomes.filter(({ kind }) => kind === 'answered').length };
});
