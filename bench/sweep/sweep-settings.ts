/** The settings of a sweep in the benchmark. */
import type { Environment } from '../../functions/model/setting-reader.ts';

/**
 * As deployed, but that loopback may be probed, and that no heartbeat comes in the time of the
 * benchmark: on AWS, heartbeats are at most five writes a second.
 */
export const sweepSettings = ({
  kubeconfig,
  bus,
  pageSize,
}: {
  readonly kubeconfig: string;
  readonly bus: string;
  readonly pageSize: string;
}): Environment => ({
  KUBECONFIG_YAML: kubeconfig,
  BUS_NAME: 'muster',
  AWS_ENDPOINT_URL_EVENTBRIDGE: bus,
  OIDC_ISSUER: bus,
  GUARD: 'off',
  PAGE_SIZE: pageSize,
  HEARTBEAT_SECONDS: '1000000000',
});

/** Of the processes that sweep: the memory of a small Lambda, and an identity for the bus. */
export const sweepProcess = {
  env: {
    ...process.env,
    // As in infra/muster.ts.
    MALLOC_ARENA_MAX: '2',
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  },
  execArgv: ['--max-old-space-size=128', '--max-semi-space-size=4'],
};
