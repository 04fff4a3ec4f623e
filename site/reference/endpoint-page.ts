import * as z from 'zod/mini';
import { openApi } from '../../functions/routes/openapi.ts';
import { code, page, table } from './markdown-pieces.ts';

const nodeSchema = z.looseObject({
  $ref: z.optional(z.string()),
  type: z.optional(z.string()),
  enum: z.optional(z.array(z.string())),
  const: z.optional(z.string()),
  format: z.optional(z.string()),
  description: z.optional(z.string()),
  items: z.optional(z.unknown()),
  anyOf: z.optional(z.array(z.unknown())),
  required: z.optional(z.array(z.string())),
  properties: z.optional(z.record(z.string(), z.unknown())),
});

/** The HTTP of the endpoint, from the OpenAPI document that it serves. */
export function endpoint(): string {
  const { paths, components } = openApi('https://muster.example.com');
  return page(
    '# Endpoint',
    'The HTTP API of muster-serverless. The endpoint also serves this reference as an OpenAPI 3.1 document at `/v1/openapi.json`.',
    'Send the ID token of `muster auth login` in the header `Authorization: Bearer TOKEN`. An invalid or expired token is always a 401. Errors are problem documents (RFC 9457) whose `hint` names the next step. Times are UTC (RFC 3339). The answers never contain `headers`, `env`, `args` or `command` of an MCPServer.',
    '## Requests',
    ...Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        page(
          `### ${method.toUpperCase()} ${path}`,
          operation.summary,
          [
            ['Token', tokenNeed(operation.security)],
            ['Query', queryOf(operation.parameters)],
            ['Headers', headersOf(operation.parameters)],
            ['Body', named(operation.requestBody)],
            ['Response', named(operation.responses[200])],
          ]
            .flatMap(([part, is]) => (is === '' ? [] : [`- ${part}: ${is}`]))
            .join('\n'),
        ),
      ),
    ),
    '## Bodies',
    ...Object.entries(components.schemas).flatMap(([name, schema]) => [
      `### ${name}`,
      body(schema),
    ]),
  );
}

const queryOf = (
  parameters: readonly { readonly name: string | undefined; readonly in: string }[],
): string => {
  const names = parameters.flatMap((parameter) =>
    parameter.in === 'query' && parameter.name !== undefined ? [code(`?${parameter.name}=`)] : [],
  );
  return names.join(' ');
};

const headersOf = (
  parameters: readonly { readonly name: string | undefined; readonly in: string }[],
): string =>
  parameters
    .flatMap(({ name, in: place }) =>
      place === 'header' && name !== undefined ? [code(name)] : [],
    )
    .join(' ');

const tokenNeed = (security: readonly object[]): string => {
  if (security.length === 0) return 'not required';
  return security.some((requirement) => Object.keys(requirement).length === 0)
    ? 'required, unless the operator set `ANONYMOUS_LIST=on`'
    : 'required';
};

const contentSchema = z.object({
  content: z.object({ 'application/json': z.object({ schema: z.object({ $ref: z.string() }) }) }),
});

function named(message: unknown): string {
  const parsed = contentSchema.safeParse(message);
  return parsed.success ? linked(parsed.data.content['application/json'].schema.$ref) : '';
}

const linked = (reference: string): string => {
  const name = reference.split('/').at(-1) ?? '';
  return `[${name}](#${name.toLowerCase()})`;
};

function body(schema: unknown): string {
  const { properties = {}, required = [] } = nodeSchema.parse(schema);
  return table(
    ['field', 'type', 'description'],
    Object.entries(properties).map(([name, child]) => {
      const { description = '' } = nodeSchema.parse(child);
      return [
        code(name),
        `${typeOf(child)}${required.includes(name) ? '' : '; optional'}`,
        description,
      ];
    }),
  );
}

function typeOf(schema: unknown): string {
  const { $ref, type, enum: values, format, items, properties } = nodeSchema.parse(schema);
  if ($ref !== undefined) return linked($ref);
  if (values !== undefined) return values.map(code).join(', ');
  if (type === 'array') return `list of ${typeOf(items)}`;
  if (properties !== undefined) return `object (${Object.keys(properties).map(code).join(', ')})`;
  return format === 'date-time' ? 'time' : (type ?? 'anything');
}
