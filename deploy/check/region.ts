import { lookup } from 'node:dns/promises';
import { hasFunctionUrls } from '../../functions/model/function-url-regions.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem } = findingsOf('region');

/** Whether the region exists, and has what the front of the endpoint needs. */
export async function checkRegion({ environment }: Checked): Promise<readonly Finding[]> {
  const region = environment['AWS_REGION'];
  // The arguments report it.
  if (!region) return [];
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
    return [
      problem(
        `AWS_REGION is "${region}", which is no name of a region.`,
        'Set it in .env, for example: AWS_REGION=eu-central-1',
      ),
    ];
  if (!hasFunctionUrls(region) && environment['FRONT'] !== 'api-gateway')
    return [
      problem(
        `Lambda has no Function URLs in ${region}.`,
        'Add FRONT=api-gateway to .env, or choose another AWS_REGION.',
      ),
    ];
  if (!environment['AWS_ENDPOINT_URL'] && !(await exists(region)))
    return [
      problem(
        `AWS has no region ${region}: lambda.${region}.amazonaws.com does not resolve.`,
        'Correct AWS_REGION in .env. To list the regions: aws account list-regions',
      ),
    ];
  return [ok(`${region}.`)];
}

async function exists(region: string): Promise<boolean> {
  const suffix = region.startsWith('cn-') ? '.cn' : '';
  try {
    await lookup(`lambda.${region}.amazonaws.com${suffix}`);
    return true;
  } catch (error) {
    // Without a network nothing is known about the region.
    if (error instanceof Error && 'code' in error) return error.code !== 'ENOTFOUND';
    throw error;
  }
}
