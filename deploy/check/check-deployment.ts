import type { Deployment } from '../environment.ts';
import { checkArguments } from './arguments.ts';
import { checkCluster } from './cluster.ts';
import { checkConcurrency } from './concurrency.ts';
import { checkEnvironment } from './environment-size.ts';
import type { Finding } from './finding.ts';
import { checkIdentity } from './identity.ts';
import { checkIssuer } from './issuer.ts';
import { checkNames } from './names.ts';
import { checkRegion } from './region.ts';
import { type Check, runChecks } from './run-checks.ts';
import { checkSecrets } from './secrets.ts';
import { readStageSecrets } from './stage-secrets.ts';

const checks: readonly Check[] = [
  { subject: 'arguments', run: checkArguments },
  { subject: 'environment', run: checkEnvironment },
  { subject: 'identity', run: checkIdentity },
  { subject: 'region', run: checkRegion },
  { subject: 'concurrency', run: checkConcurrency },
  { subject: 'names', run: checkNames },
  { subject: 'secrets', run: checkSecrets },
  { subject: 'issuer', run: checkIssuer },
  { subject: 'cluster', run: checkCluster },
];

/** Everything that can be known before a deployment. Nothing is made or changed. */
export function checkDeployment(deployment: Omit<Deployment, 'rest'>): Promise<readonly Finding[]> {
  let secrets: ReturnType<typeof readStageSecrets> | undefined;
  return runChecks(checks, {
    ...deployment,
    secrets: () => (secrets ??= readStageSecrets(deployment)),
  });
}
