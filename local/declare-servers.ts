import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';

/** A YAML file that cannot be read at all; the message is one line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const manifestSchema = z.looseObject({
  apiVersion: z.literal('muster.giantswarm.io/v1alpha1'),
  kind: z.literal('MCPServer'),
  metadata: z.looseObject({ name: z.string(), namespace: z.optional(z.string()) }),
});

/**
 * Creates the MCPServers of a YAML file in the cluster. Returns a line for each one that the cluster
 * refused; the others are created. Throws `ManifestError` when the text is not YAML or is empty.
 */
export async function declareServers(
  kubeconfig: string,
  yaml: string,
  source: string,
): Promise<readonly string[]> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const documents = parseAllDocuments(yaml);
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken !== undefined)
    throw new ManifestError(`${source} is not valid YAML: ${broken.message.split('\n')[0] ?? ''}`);
  const objects = documents
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null);
  if (objects.length === 0) throw new ManifestError(`${source} contains no MCPServer.`);
  const refused: string[] = [];
  for (const [index, object] of objects.entries()) {
    const { success, data } = manifestSchema.safeParse(object);
    if (success) refused.push(...(await create(api, data)));
    else
      refused.push(
        `document ${index + 1} of ${source} needs apiVersion muster.giantswarm.io/v1alpha1, kind MCPServer and a metadata.name`,
      );
  }
  return refused;
}

async function create(
  api: CustomObjectsApi,
  body: z.infer<typeof manifestSchema>,
): Promise<readonly string[]> {
  const { name, namespace = 'default' } = body.metadata;
  try {
    await api.createNamespacedCustomObject({
      group: 'muster.giantswarm.io',
      version: 'v1alpha1',
      plural: 'mcpservers',
      namespace,
      body,
    });
    return [];
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    return [
      reasonOf(error) ?? `MCPServer ${namespace}/${name}: the cluster answered HTTP ${error.code}`,
    ];
  }
}

function reasonOf({ body }: ApiException<unknown>): string | undefined {
  const status = z
    .object({ message: z.string() })
    .safeParse(typeof body === 'string' ? JSON.parse(body) : body);
  return status.data?.message;
}
