/** The sweep of the product, as it is deployed, in one page. */
import { createSweep } from '../../functions/sweep.ts';
import { concurrency, lapsOf, servers } from './sweep-size.ts';

const [kubeconfig = '', bus = ''] = process.argv.slice(2);
const sweep = createSweep({
  KUBECONFIG_YAML: kubeconfig,
  BUS_NAME: 'muster',
  AWS_ENDPOINT_URL_EVENTBRIDGE: bus,
  OIDC_ISSUER: bus,
  GUARD: 'off',
  PAGE_SIZE: String(servers),
  PROBE_CONCURRENCY: String(concurrency),
  HEARTBEAT_SECONDS: '3600',
});

lapsOf(async () => {
  const { probed, problems = [] } = await sweep({ kind: 'tick', everything: true });
  if (probed !== servers || problems.length > 0)
    throw new Error(`${probed} of ${servers} were probed: ${JSON.stringify(problems.slice(0, 3))}`);
});
