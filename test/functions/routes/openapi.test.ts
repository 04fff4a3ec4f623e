import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { bodies } from '../../../functions/routes/contract.ts';
import { openApi } from '../../../functions/routes/openapi.ts';

const { schemas } = openApi('https://muster.example.com').components;

const nodeSchema = z.looseObject({
  description: z.optional(z.string()),
  properties: z._default(z.record(z.string(), z.unknown()), {}),
  items: z.optional(z.unknown()),
});

type Field = readonly [name: string, description: string];

/** Every field below a schema, also those of the objects in it, with its description. */
function fieldsOf(schema: unknown, path = ''): readonly Field[] {
  const { properties, items } = nodeSchema.parse(schema);
  const fields: Field[] = [];
  for (const [name, child] of Object.entries(properties)) {
    fields.push([`${path}${name}`, nodeSchema.parse(child).description ?? '']);
    fields.push(...fieldsOf(child, `${path}${name}.`));
  }
  return items === undefined ? fields : [...fields, ...fieldsOf(items, path)];
}

test('the document has every body of the wire', () => {
  expect(Object.keys(schemas).toSorted()).toEqual(Object.keys(bodies).toSorted());
});

test.each(Object.entries(schemas))('every field of %s has its sentence', (_, schema) => {
  const fields = fieldsOf(schema);
  expect(fields).not.toEqual([]);
  expect(fields.filter(([, description]) => !/^[A-Z].*\.$/.test(description))).toEqual([]);
});

test('a field that holds another body refers to it and still has a sentence of its own', () => {
  expect(schemas['SessionAnswer']?.properties).toMatchObject({
    session: {
      $ref: '#/components/schemas/Session',
      description: 'The session after the request.',
    },
  });
});

test('the fields inside a list are described as well', () => {
  const names = fieldsOf(schemas['Check']).map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['stages', 'stages.stage', 'stages.ms']));
});

test('the list alone has an ETag, 304 and an encoding', () => {
  const { paths } = openApi('https://muster.example.com');
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, responses }]) => ({
      route: `${method} ${path}`,
      headers: parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name),
      has304: '304' in responses,
      answered: Object.keys(responses[200].headers ?? {}),
    })),
  );
  expect(operations.filter(({ headers, has304 }) => has304 || headers.length > 0)).toEqual([
    {
      route: 'get /v1/mcpservers',
      headers: ['If-None-Match', 'Accept-Encoding'],
      has304: true,
      answered: ['ETag', 'Vary', 'Content-Encoding'],
    },
  ]);
});
