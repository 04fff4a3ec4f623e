import { Environment, EvaluationError } from '@marcbachmann/cel-js';
import type { Rule, Schema } from './definition.ts';
import { isList, isObject, type Json } from './json-object.ts';
import { type Cause, childSchema, join } from './structural-schema.ts';

/**
 * Every violation of the value's CEL rules (`x-kubernetes-validations`), with the texts of the API
 * server.
 */
export function checkRules(schema: Schema, value: Json, path = ''): readonly Cause[] {
  const { items } = schema;
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) =>
    objection(rule, value, path),
  );
  if (isList(value))
    return items
      ? [...own, ...value.flatMap((item, index) => checkRules(items, item, `${path}[${index}]`))]
      : own;
  if (!isObject(value)) return own;
  const inner = Object.entries(value).flatMap(([key, child]) => {
    const known = childSchema(schema, key);
    return known ? checkRules(known, child, join(path, key)) : [];
  });
  return [...own, ...inner];
}

const environment = new Environment({ unlistedVariablesAreDyn: true });
const programs = new Map<string, (context: { self: Json }) => unknown>();

function program(rule: string): (context: { self: Json }) => unknown {
  const known = programs.get(rule);
  if (known) return known;
  const parsed = environment.parse(rule);
  programs.set(rule, parsed);
  return parsed;
}

function objection({ rule, message }: Rule, self: Json, path: string): readonly Cause[] {
  const objected = (message: string): readonly Cause[] => [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${message}`,
      field: path === '' ? '<nil>' : path,
    },
  ];
  try {
    return program(rule)({ self }) === true ? [] : objected(message);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return objected(`"${typeName(self)}": ${celProblem(error)} evaluating rule: ${message}`);
  }
}

const typeName = (value: Json): string => (isList(value) ? 'array' : typeof value);

/** cel-js says `No such key: spec` and shows the place below; cel-go says `no such key: spec`. */
function celProblem({ message }: EvaluationError): string {
  const [line = message] = message.split('\n');
  return line.charAt(0).toLowerCase() + line.slice(1);
}
