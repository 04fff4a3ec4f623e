/** `infra/deploy-role.yaml` as CloudFormation fills it in: parameters, conditions, references. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import * as z from 'zod/mini';

export const templateFile = fileURLToPath(new URL('../../infra/deploy-role.yaml', import.meta.url));

export const account = '123456789012';
export const region = 'eu-central-1';

export type Parameters = Readonly<Record<string, string>>;

const policySchema = z.object({
  Version: z.string(),
  Statement: z.array(z.looseObject({ Sid: z.string(), Effect: z.string() })),
});
export type Policy = z.infer<typeof policySchema>;

const resourceSchema = z.object({
  Type: z.string(),
  Condition: z.optional(z.string()),
  Properties: z.looseObject({
    ManagedPolicyName: z.optional(z.string()),
    PolicyDocument: z.optional(policySchema),
    AssumeRolePolicyDocument: z.optional(z.unknown()),
    ManagedPolicyArns: z.optional(z.array(z.string())),
  }),
});
const templateSchema = z.object({
  Resources: z.record(z.string(), resourceSchema),
});
const parameterSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Default: z.optional(z.string()) })),
});

const nothing = Symbol('AWS::NoValue');

/** The policies by their logical names, and those of each role. */
export type DeployRole = {
  readonly policies: Readonly<Record<string, Policy>>;
  /** The policies of a role, by its logical name. */
  readonly of: (role: 'DeployRole' | 'DiffRole') => readonly Policy[];
  readonly trust: (role: 'DeployRole' | 'DiffRole') => unknown;
};

/** Parameters that are not given have the default of the template. */
export function deployRole(given: Parameters = {}): DeployRole {
  const document = parseDocument(readFileSync(templateFile, 'utf8'), { logLevel: 'silent' });
  const { Parameters: declared } = parameterSchema.parse(document.toJS());
  const parameters: Parameters = {
    ...Object.fromEntries(
      Object.entries(declared).map(([name, { Default = '' }]) => [name, Default]),
    ),
    Repository: 'owner/muster',
    ...given,
  };
  const conditions = document.get('Conditions');
  const names: Readonly<Record<string, string>> = {
    ...parameters,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::AccountId': account,
    Boundary: `arn:aws:iam::${account}:policy/deploy-muster-${parameters['Stage'] ?? ''}-boundary`,
    Provider: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`,
  };
  const nameOf = (name: string): string => names[name] ?? name;
  const holds = (name: string): boolean =>
    isMap(conditions) && value(conditions.get(name, true)) === true;
  const value = (node: unknown): unknown => {
    const { tag } = taggedSchema.parse(node);
    if (isScalar(node)) return scalar(tag, node.value);
    if (isSeq(node)) {
      const items = node.items.map(value).filter((item) => item !== nothing);
      return tag === undefined || !tag.startsWith('!') ? items : called(tag, items, node.items);
    }
    if (isMap(node))
      return Object.fromEntries(
        node.items
          .map((pair) => [String(pair.key), value(pair.value)] as const)
          .filter(([, item]) => item !== nothing),
      );
    throw new Error(`${String(node)} is no node that the template may have.`);
  };
  const scalar = (tag: string | undefined, text: unknown): unknown => {
    switch (tag) {
      case '!Sub':
        return String(text).replaceAll(/\$\{([^}]+)\}/g, (_all, name: string) => nameOf(name));
      case '!Ref':
        return text === 'AWS::NoValue' ? nothing : nameOf(String(text));
      case '!Condition':
        return holds(String(text));
      case undefined:
      default:
        return text;
    }
  };
  const called = (tag: string, items: readonly unknown[], nodes: readonly unknown[]): unknown => {
    switch (tag) {
      case '!Equals':
        return items[0] === items[1];
      case '!Not':
        return items[0] !== true;
      case '!And':
        return items.every((item) => item === true);
      case '!If':
        return value(nodes[holds(String(items[0])) ? 1 : 2]);
      default:
        throw new Error(`The template has ${tag}, which is not known here.`);
    }
  };
  const { Resources } = templateSchema.parse({ Resources: value(document.get('Resources', true)) });
  const there = Object.fromEntries(
    Object.entries(Resources).filter(
      ([, { Condition }]) => Condition === undefined || holds(Condition),
    ),
  );
  const policies: Record<string, Policy> = {};
  for (const [name, { Properties }] of Object.entries(there))
    if (Properties.PolicyDocument !== undefined) policies[name] = Properties.PolicyDocument;
  return {
    policies,
    of: (role) =>
      (there[role]?.Properties.ManagedPolicyArns ?? []).map((name) => {
        const policy = policies[name];
        if (policy === undefined) throw new Error(`${role} has ${name}, which is not there.`);
        return policy;
      }),
    trust: (role) => there[role]?.Properties.AssumeRolePolicyDocument,
  };
}

const taggedSchema = z.looseObject({ tag: z.optional(z.string()) });
