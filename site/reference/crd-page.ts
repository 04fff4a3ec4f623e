import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { code, page, table } from './markdown-pieces.ts';

const rules = z._default(z.array(z.object({ rule: z.string(), message: z.string() })), []);
const fieldSchema = z.object({
  description: z._default(z.string(), ''),
  type: z.string(),
  format: z.optional(z.string()),
  enum: z.optional(z.array(z.string())),
  default: z.optional(z.union([z.string(), z.number(), z.boolean()])),
  pattern: z.optional(z.string()),
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  maxLength: z.optional(z.number()),
  required: z._default(z.array(z.string()), []),
  properties: z._default(z.record(z.string(), z.unknown()), {}),
  items: z.optional(z.unknown()),
  additionalProperties: z.optional(z.object({ type: z.string() })),
  'x-kubernetes-validations': rules,
});
type Field = z.infer<typeof fieldSchema>;

const definitionSchema = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string(), plural: z.string(), shortNames: z.array(z.string()) }),
    versions: z.array(
      z.object({
        name: z.string(),
        additionalPrinterColumns: z.array(
          z.object({ name: z.string(), jsonPath: z.string(), priority: z._default(z.number(), 0) }),
        ),
        schema: z.object({ openAPIV3Schema: z.unknown() }),
      }),
    ),
  }),
});

/** The custom resource, from the manifest that is applied. */
export async function mcpserver(): Promise<string> {
  const text = await readFile(new URL('../../manifests/crd/crd.yaml', import.meta.url), 'utf8');
  const { group, names, versions } = definitionSchema.parse(parse(text)).spec;
  const [version] = versions;
  if (version === undefined) throw new Error('manifests/crd/crd.yaml has no version.');
  const root = fieldSchema.parse(version.schema.openAPIV3Schema);
  const { spec, status } = root.properties;
  return page(
    '# MCPServer',
    `Fields, conditions, rules and columns of the custom resource \`${names.plural}.${group}\` (\`${version.name}\`, short ${names.shortNames.map(code).join(', ')}).`,
    ...objects('spec', spec),
    ...objects('status', status),
    '## Rules',
    'The API server refuses an object that breaks one of these rules, with this message.',
    table(
      ['field', 'message'],
      rulesIn('', version.schema.openAPIV3Schema).map(([path, message]) => [
        path === '' ? 'the object' : code(path),
        message,
      ]),
    ),
    '## Columns',
    'The columns of `kubectl get mcpservers`, besides the name.',
    table(
      ['column', 'source', 'shown'],
      version.additionalPrinterColumns.map(({ name, jsonPath, priority }) => [
        name,
        code(jsonPath),
        priority === 0 ? 'always' : 'with `-o wide`',
      ]),
    ),
  );
}

/**
 * One section for each object, the outer one first: its description, and a table of its own fields.
 */
function objects(path: string, node: unknown): readonly string[] {
  const { description, properties, required } = fieldSchema.parse(node);
  const fields = Object.entries(properties).map(
    ([name, child]) => [name, fieldSchema.parse(child)] as const,
  );
  const rows = fields.map(([name, field]) => [
    code(name),
    typeOf(field),
    [required.includes(name) ? '**Required.**' : '', field.description, limitsOf(field)]
      .filter((part) => part !== '')
      .join(' '),
  ]);
  const below = fields.flatMap(([name, field]) => {
    if (Object.keys(field.properties).length > 0)
      return objects(`${path}.${name}`, properties[name]);
    return isListOfObjects(field) ? objects(`${path}.${name}[]`, field.items) : [];
  });
  return [
    `${path.includes('.') ? '###' : '##'} ${path}`,
    description,
    table(['field', 'type', 'description'], rows),
  ].concat(below);
}

const isListOfObjects = ({ items }: Field): boolean =>
  Object.keys(fieldSchema.safeParse(items).data?.properties ?? {}).length > 0;

function typeOf({ type, format, items, additionalProperties }: Field): string {
  if (type === 'array') return `list of ${z.object({ type: z.string() }).parse(items).type}s`;
  if (additionalProperties !== undefined) return `map of ${additionalProperties.type}s`;
  return format === 'date-time' ? 'time' : type;
}

const limitsOf = ({
  enum: values,
  default: fallback,
  minimum,
  maximum,
  maxLength,
  pattern,
}: Field): string =>
  [
    ...(values === undefined ? [] : [`One of ${values.map(code).join(', ')}.`]),
    ...(minimum === undefined
      ? []
      : [maximum === undefined ? `At least ${minimum}.` : `From ${minimum} to ${maximum}.`]),
    ...(maxLength === undefined ? [] : [`At most ${maxLength} characters.`]),
    ...(pattern === undefined || pattern.length > 60 ? [] : [`Matches ${code(pattern)}.`]),
    ...(fallback === undefined ? [] : [`Default ${code(String(fallback))}.`]),
  ].join(' ');

function rulesIn(
  path: string,
  node: unknown,
): readonly (readonly [path: string, message: string])[] {
  const parsed = z
    .object({
      properties: z._default(z.record(z.string(), z.unknown()), {}),
      'x-kubernetes-validations': rules,
    })
    .safeParse(node);
  if (!parsed.success) return [];
  const { properties, 'x-kubernetes-validations': own } = parsed.data;
  const below = Object.entries(properties).flatMap(([name, child]) =>
    rulesIn(path === '' ? name : `${path}.${name}`, child),
  );
  return [...own.map(({ message }) => [path, message] as const), ...below];
}
