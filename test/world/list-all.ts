/**
 * Lists all MCPServers of a cluster page by page, in a process of its own, whose memory a test
 * bounds and measures. The kubeconfig is its argument; it prints JSON.
 */
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import { defined } from '../../functions/model/defined.ts';

const list = pageLister(connectCluster({ kubeconfig: process.argv[2] ?? '' }));
let servers = 0;
let token: string | undefined;
let limit = 500;
do {
  const listed = await list(defined({ limit, continue: token }));
  if (listed.kind === 'expired') throw new Error('The list expired.');
  servers += listed.page.servers.length;
  limit = listed.smallerLimit ?? limit;
  token = listed.page.continue;
} while (token !== undefined);
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ servers, maxRssMb }));
