import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { code, page, table } from './markdown.ts';

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
        additionalPrinterColumns: z.array(z.object({ name: z.string(), jsonPath: z.string(), priority: z._default(z.number(), 0) })),
        schema: z.object({ openAPIV3Schema: z.unknown() }),
      }),
    ),
  }),
});

/** The custom resource, from the manifest that is applied. */
export async function mcpserver(): Promise<string> {
  const text = await readFile(new URL('../../manifests/crd.yaml', import.meta.url), 'utf8');
  const { group, names, versions } = definitionSchema.parse(parse(text)).spec;
  const [version] = versions;
  if (version === undefined) throw new Error('manifests/crd.yaml has no version.');
  const root = fieldSchema.parse(version.schema.openAPIV3Schema);
  const { spec, status } = root.properties;
  return page(
    '# MCPServer',
    `Fields, conditions, rules and columns of the custom resource \`${names.plural}.${group}\` (\`${version.name}\`, short ${names.shortNames.map(code).join(', ')}).`,
    '## spec',
    'What the owner of the server declares.',
    fields('spec', spec),
    '## status',
    'Whether the server can be reached, the same for everyone. A person’s sign-in never shows here.',
    fields('status', status),
    '## Rules',
    'What the API server refuses, with these words.',
    table(
      ['on', 'refused with'],
      rulesIn('', version.schema.openAPIV3Schema).map(([path, message]) => [path === '' ? 'the object' : code(path), message]),
    ),
    '## Columns',
    'What `kubectl get mcpservers` shows besides the name.',
    table(
      ['column', 'from', 'shown'],
      version.additionalPrinterColumns.map(({ name, jsonPath, priority }) => [
        name,
        code(jsonPath),
        priority === 0 ? 'always' : 'with `-o wide`',
      ]),
    ),
  );
}

const fields = (path: string, node: unknown): string =>
  table(
    ['field', 'type', 'holds'],
    fieldsBelow(path, node).map(([name, field, isRequired]) => [
      code(name.replace(/^(spec|status)\./, '')),
      typeOf(field),
      [isRequired ? '**Required.**' : '', field.description, limitsOf(field)].filter((part) => part !== '').join(' '),
    ]),
  );

/** Every field with its path, in the order of the manifest. */
export function fieldsBelow(path: string, node: unknown): readonly (readonly [path: string, field: Field, isRequired: boolean])[] {
  const { properties, required } = fieldSchema.parse(node);
  return Object.entries(properties).flatMap(([name, child]) => {
    const field = fieldSchema.parse(child);
    const own = `${path}.${name}`;
    const below = field.items === undefined ? fieldsBelow(own, child) : fieldsBelow(`${own}[]`, { type: 'object', ...itemsOf(field) });
    const itself = [own, field, required.includes(name)] as const;
    return [itself].concat(below);
  });
}

const itemsOf = ({ items }: Field): object => (typeof items === 'object' && items !== null ? items : {});

function typeOf({ type, format, items, additionalProperties }: Field): string {
  if (type === 'array') return `list of ${z.object({ type: z.string() }).parse(items).type}s`;
  if (additionalProperties !== undefined) return `map of ${additionalProperties.type}s`;
  return format === 'date-time' ? 'time' : type;
}

const limitsOf = ({ enum: words, default: fallback, minimum, maximum, maxLength, pattern }: Field): string =>
  [
    ...(words === undefined ? [] : [`One of ${words.map(code).join(', ')}.`]),
    ...(minimum === undefined ? [] : [maximum === undefined ? `At least ${minimum}.` : `From ${minimum} to ${maximum}.`]),
    ...(maxLength === undefined ? [] : [`At most ${maxLength} characters.`]),
    ...(pattern === undefined || pattern.length > 60 ? [] : [`Matches ${code(pattern)}.`]),
    ...(fallback === undefined ? [] : [`Default ${code(String(fallback))}.`]),
  ].join(' ');

function rulesIn(path: string, node: unknown): readonly (readonly [path: string, message: string])[] {
  const parsed = z
    .object({ properties: z._default(z.record(z.string(), z.unknown()), {}), 'x-kubernetes-validations': rules })
    .safeParse(node);
  if (!parsed.success) return [];
  const { properties, 'x-kubernetes-validations': own } = parsed.data;
  const below = Object.entries(properties).flatMap(([name, child]) => rulesIn(path === '' ? name : `${path}.${name}`, child));
  return [...own.map(({ message }) => [path, message] as const), ...below];
}
