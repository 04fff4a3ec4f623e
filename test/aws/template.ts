/** The recorded stack as a CloudFormation template: for the emulator, and for cfn-lint. */
import * as z from 'zod/mini';
import type { Resource } from '../stack/evaluate.ts';
import { leftOut, mappings } from './resource-mappings.ts';

export type Template = {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
};
type Properties = Readonly<Record<string, unknown>>;
export type TemplateResource = {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly Properties: Properties;
};

/**
 * Throws where the stack has a type that has no mapping and does not stand among those that need
 * none.
 */
export function templateOf(resources: readonly Resource[]): Template {
  const made = resources.flatMap((resource) => {
    const mapping = mappings[resource.type];
    if (mapping === undefined) {
      if (isLeftOut(resource.type)) return [];
      throw new Error(
        `The stack has ${resource.name}, of type ${resource.type}. Add its mapping in test/aws/resource-mappings.ts, or the reason why it has none.`,
      );
    }
    const [, kind = ''] = /:(\w+)$/.exec(resource.type) ?? [];
    const id = `${resource.name}${kind}`;
    const properties = mapping.properties(resource, resources);
    return [{ id, type: mapping.type, properties, state: resource.state }];
  });
  // What only AWS knows, an address or an id, becomes a reference to the resource.
  const addresses = new Map(made.map(({ id, state }) => [state['url'], id]));
  const ids = made.flatMap(({ id, state }) =>
    typeof state['id'] === 'string' ? [{ id, given: state['id'] }] : [],
  );
  const refer = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(refer);
    if (typeof value !== 'string') return value;
    const address = addresses.get(value);
    if (address !== undefined) return { Ref: address };
    const inside = ids.find(({ given }) => value.includes(given));
    if (inside === undefined) return value;
    return { 'Fn::Sub': value.replaceAll(inside.given, `\${${inside.id}}`) };
  };
  const entries = made.map(({ id, type, properties }) => {
    const Properties = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, refer(value)]),
    );
    const text = JSON.stringify(Properties);
    // Names and ARNs are texts, not references, so the order has to be said.
    const needed = made.filter(
      (other) =>
        other.id !== id &&
        !text.includes(`{"Ref":"${other.id}"}`) &&
        namesOf(other.state).some((name) => hasWhole(text, name)),
    );
    const DependsOn = needed.map((other) => other.id);
    return [id, { Type: type, ...(DependsOn.length > 0 && { DependsOn }), Properties }] satisfies [
      string,
      TemplateResource,
    ];
  });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'The recorded stack of muster-serverless',
    Resources: Object.fromEntries(entries),
  };
}

/** What the emulator can make of it. */
export function emulated({ Resources, ...template }: Template): Template {
  const kept = Object.entries(Resources).filter(
    // MiniStack refuses alarms on expressions.
    ([, { Type, Properties }]) => !notEmulated.has(Type) && !('Metrics' in Properties),
  );
  const left = new Set(Object.keys(Resources).filter((id) => !kept.some(([name]) => name === id)));
  return {
    ...template,
    Resources: Object.fromEntries(
      kept.map(([id, { DependsOn = [], ...resource }]) => [
        id,
        {
          ...resource,
          Properties: withoutNames(resource.Properties),
          DependsOn: DependsOn.filter((other) => !left.has(other)),
        },
      ]),
    ),
  };
}

const notEmulated: ReadonlySet<string> = new Set(
  Object.values(mappings).flatMap(({ type, notEmulated: why }) => (why === undefined ? [] : type)),
);

const statementSchema = z.looseObject({ Action: z.array(z.string()) });

/** MiniStack decides GetParameters without the names in it, so a policy that names them refuses. */
function withoutNames(value: Properties): Properties;
function withoutNames(value: unknown): unknown;
function withoutNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => withoutNames(each));
  if (typeof value !== 'object' || value === null) return value;
  const statement = statementSchema.safeParse(value);
  if (statement.data?.Action.includes('ssm:GetParameters'))
    return { ...statement.data, Resource: '*' };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutNames(inner)]),
  );
}

const isLeftOut = (type: string): boolean =>
  Object.keys(leftOut).some(
    (known) => type === known || (known.endsWith(':') && type.startsWith(known)),
  );

/** Not as the beginning of a longer name, such as that of the queue that an alarm watches. */
const hasWhole = (text: string, name: string): boolean =>
  new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, String.raw`\$&`)}(?![\\w-])`).test(text);

/** As they stand in the properties of others. */
const namesOf = (state: Resource['state']): readonly string[] =>
  [state['arn'], state['name']].filter((name): name is string => typeof name === 'string');
