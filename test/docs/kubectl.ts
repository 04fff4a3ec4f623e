/** The lists of kubectl without kubectl: `npm run test:cluster` compares them with the real one. */
import { KubeConfig } from '@kubernetes/client-node';
import * as z from 'zod/mini';

const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string(), priority: z.number() })),
  rows: z.array(z.object({ cells: z.array(z.union([z.string(), z.boolean(), z.null()])) })),
});

/**
 * What `kubectl get mcpservers` or `get mcps` prints, also with `-o wide`, from the Table of the
 * cluster. Undefined for any other command.
 */
export async function printedTable(
  command: string,
  kubeconfig: string,
): Promise<string | undefined> {
  const [isList, wide] = /^kubectl get (?:mcpservers|mcps)( -o wide)?$/.exec(command) ?? [];
  if (isList === undefined) return undefined;
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const cluster = config.getCurrentCluster()?.server ?? '';
  const path = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';
  const response = await fetch(`${cluster}${path}`, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  return kubectlTable(await response.json(), wide !== undefined);
}

/** A Table as kubectl prints it: three spaces apart, null is empty. */
function kubectlTable(table: unknown, wide: boolean): string {
  const { columnDefinitions, rows } = tableSchema.parse(table);
  const shown = columnDefinitions.flatMap(({ priority }, index) =>
    wide || priority === 0 ? [index] : [],
  );
  const header = columnDefinitions.map(({ name }) => name.toUpperCase());
  const lines = [header, ...rows.map(({ cells }) => cells.map((cell) => String(cell ?? '')))].map(
    (line) => shown.map((index) => line[index] ?? ''),
  );
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}
