import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { crdFile } from '../world/manifest.ts';

const crdSchema = z.object({
  spec: z.object({
    versions: z.array(
      z.object({
        additionalPrinterColumns: z.array(
          z.object({ name: z.string(), jsonPath: z.string(), priority: z._default(z.number(), 0) }),
        ),
      }),
    ),
  }),
});
const objectSchema = z.looseObject({
  metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
});

/**
 * The objects as `kubectl get mcpservers` prints them: the columns of the manifest, three spaces
 * apart.
 */
export async function kubectlTable(objects: readonly unknown[], wide: boolean): Promise<string> {
  const [version] = crdSchema.parse(parse(await readFile(crdFile, 'utf8'))).spec.versions;
  const columns = (version?.additionalPrinterColumns ?? []).filter(
    ({ priority }) => wide || priority === 0,
  );
  const lines = [
    ['NAME', ...columns.map(({ name }) => name.toUpperCase())],
    ...objects.map((object) => {
      const { metadata } = objectSchema.parse(object);
      return [
        metadata.name,
        ...columns.map(({ name, jsonPath }) =>
          name === 'Age' ? age(metadata.creationTimestamp) : valueAt(object, jsonPath),
        ),
      ];
    }),
  ];
  const widths =
    lines[0]?.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0))) ?? [];
  return lines
    .map(
      (line) =>
        `${line
          .map((text, index) => text.padEnd(widths[index] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

const age = (since: string): string =>
  `${Math.floor((Date.now() - new Date(since).getTime()) / 1000)}s`;

/** The JSONPath of printer columns: names, and one filter `[?(@.type=="X")]`. */
function valueAt(object: unknown, path: string): string {
  let at: unknown = object;
  for (const [, name, wanted] of path.matchAll(/\.([A-Za-z]+)|\[\?\(@\.type=="([A-Za-z]+)"\)\]/g)) {
    if (name !== undefined) at = z.record(z.string(), z.unknown()).safeParse(at).data?.[name];
    else
      at = z
        .array(z.looseObject({ type: z.string() }))
        .safeParse(at)
        .data?.find(({ type }) => type === wanted);
  }
  if (typeof at === 'string') return at;
  return typeof at === 'number' || typeof at === 'boolean' ? String(at) : '';
}
