import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../../functions/model/json.ts';
import { appName } from '../../functions/model/secret-names.ts';

export type EndpointFound =
  | { readonly kind: 'found'; readonly endpoint: string }
  | { readonly kind: 'missing'; readonly message: string };

const outputsSchema = z.object({ endpoint: z.url(), table: z.optional(z.string()) });

/**
 * The address of the endpoint: the one given, or the one of the last deployment from this folder,
 * which SST writes into `.sst/outputs.json`.
 */
export async function deployedEndpoint(
  stage: string,
  given: string | undefined,
  cwd: string = process.cwd(),
): Promise<EndpointFound> {
  if (given !== undefined) return { kind: 'found', endpoint: given.replace(/\/+$/, '') };
  const text = await readFile(join(cwd, '.sst/outputs.json'), 'utf8').catch(() => '');
  const outputs = outputsSchema.safeParse(parseJson(text));
  if (!outputs.success)
    return {
      kind: 'missing',
      message: `This folder has no deployment of the stage ${stage}. Run: npx sst deploy --stage ${stage}. Or add the address that a deployment printed: --endpoint https://...`,
    };
  const { endpoint, table = '' } = outputs.data;
  // The names of a stage begin with it; the outputs themselves do not say whose they are.
  return table === '' || table.startsWith(`${appName}-${stage}-`)
    ? { kind: 'found', endpoint: endpoint.replace(/\/+$/, '') }
    : {
        kind: 'missing',
        message: `The last deployment from this folder is not the stage ${stage}: its table is ${table}. Add the address of the stage ${stage}: --endpoint https://...`,
      };
}
