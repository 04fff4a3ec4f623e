import { readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import {
  authRequiredReasons,
  conditionStatuses,
  connectedReasons,
  failedReasons,
  failingReasons,
  serverTypes,
  states,
  upstreamStates,
} from '../functions/model/mcpserver.ts';
import { specLimits } from '../functions/adapters/cluster/object-limits.ts';
import { startCluster } from '../local/cluster/local-cluster.ts';
import { type Schema, readDefinition } from '../local/cluster/definition.ts';
import { check, prune } from '../local/cluster/structural-schema.ts';
import { statusPatch } from '../functions/adapters/cluster/mcpserver-object.ts';
import { defined } from '../functions/model/defined.ts';
import { crdFile, upstreamCrdFile } from './world/manifest.ts';
import { aCondition, aStatus } from './world/server.ts';

const read = (name: string): Promise<string> =>
  readFile(new URL(`../manifests/${name}`, import.meta.url), 'utf8');

const documents = async (name: string): Promise<readonly unknown[]> =>
  parseAllDocuments(await read(name)).map((document): unknown => document.toJS());

const crdSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    group: z.string(),
    scope: z.string(),
    names: z.object({
      kind: z.string(),
      listKind: z.string(),
      plural: z.string(),
      singular: z.string(),
      shortNames: z.array(z.string()),
    }),
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        storage: z.boolean(),
        subresources: z.record(z.string(), z.unknown()),
        additionalPrinterColumns: z.array(
          z.object({
            name: z.string(),
            type: z.string(),
            jsonPath: z.string(),
            priority: z._default(z.number(), 0),
          }),
        ),
        schema: z.object({ openAPIV3Schema: z.unknown() }),
      }),
    ),
  }),
});

const crd = crdSchema.parse(parse(await readFile(crdFile, 'utf8')));
const [version] = crd.spec.versions;
const { schema } = await readDefinition(crdFile);

/** The schema of a field, by its path; a list's items are `[]`. */
const field = (path: string): Schema => {
  const found = path
    .split('.')
    .reduce<Schema | undefined>(
      (at, key) => (key === '[]' ? at?.items : at?.properties?.[key]),
      schema,
    );
  if (!found) throw new Error(`the CRD has no ${path}`);
  return found;
};

describe('the CRD', () => {
  test('has the names of upstream, one version and status as its only subresource', () => {
    expect(crd).toMatchObject({
      metadata: { name: 'mcpservers.muster.giantswarm.io' },
      spec: {
        group: 'muster.giantswarm.io',
        scope: 'Namespaced',
        names: {
          kind: 'MCPServer',
          listKind: 'MCPServerList',
          plural: 'mcpservers',
          singular: 'mcpserver',
          shortNames: ['mcps'],
        },
        versions: [{ name: 'v1alpha1', served: true, storage: true }],
      },
    });
    expect(crd.spec.versions).toHaveLength(1);
    expect(version?.subresources).toEqual({ status: {} });
  });

  // giantswarm/muster writes `Connected` for a dead server into state: the verdict has its own column.
  test("shows upstream's columns in upstream's order, our verdict, and two more in the wide list", () => {
    expect(
      version?.additionalPrinterColumns.map(({ name, type, jsonPath, priority }) => [
        name,
        type,
        jsonPath,
        priority,
      ]),
    ).toEqual([
      ['Type', 'string', '.spec.type', 0],
      ['URL', 'string', '.spec.url', 0],
      ['AutoStart', 'boolean', '.spec.autoStart', 0],
      ['Status', 'string', '.status.state', 0],
      ['Reachable', 'string', '.status.conditions[?(@.type=="Reachable")].status', 0],
      ['Age', 'date', '.metadata.creationTimestamp', 0],
      ['Auth', 'string', '.status.conditions[?(@.type=="AuthRequired")].status', 1],
      ['Reason', 'string', '.status.conditions[?(@.type=="Reachable")].reason', 1],
    ]);
  });

  test('every field says in a sentence what it is for', () => {
    const silent: string[] = [];
    const visit = (node: unknown, path: string): void => {
      const { description, properties, items } = describedSchema.parse(node);
      // The API server refuses a CRD that says anything about metadata but its type.
      if (path === '.metadata') return expect(node).toEqual({ type: 'object' });
      if (!description?.endsWith('.')) silent.push(path);
      for (const [key, property] of Object.entries(properties)) visit(property, `${path}.${key}`);
      if (items && 'properties' in items) visit(items, `${path}[]`);
    };
    visit(version?.schema.openAPIV3Schema, '');
    expect(silent).toEqual([]);
  });

  test('has every field of upstream 5.28, and no other', () => {
    const fields = (path: string): readonly string[] => Object.keys(field(path).properties ?? {});
    expect(fields('spec')).toEqual(
      'type url command args env headers timeout autoStart suspended restartRequestedAt description toolPrefix family auth'.split(
        ' ',
      ),
    );
    expect(fields('spec.auth')).toEqual([
      'type',
      'forwardToken',
      'requiredAudiences',
      'tokenExchange',
      'authorizationServer',
    ]);
    expect(fields('spec.auth.tokenExchange')).toEqual(
      'enabled dexTokenEndpoint expectedIssuer connectorId scopes clientCredentialsSecretRef'.split(
        ' ',
      ),
    );
    expect(fields('status')).toEqual(
      'state lastError lastConnected restartCount consecutiveFailures lastFailureHTTPStatus lastAttempt nextRetryAfter conditions'.split(
        ' ',
      ),
    );
  });

  test("status.state takes our words beside upstream's", () => {
    expect(new Set(field('status.state').enum)).toEqual(new Set([...states, ...upstreamStates]));
  });

  test('keeps what it does not know in each object of spec and in status', () => {
    const closed: string[] = [];
    const visit = (node: Schema, path: string): void => {
      const { type, properties = {} } = node;
      if (type === 'object' && node.properties && !node['x-kubernetes-preserve-unknown-fields'])
        closed.push(path);
      for (const [key, property] of Object.entries(properties)) visit(property, `${path}.${key}`);
    };
    visit(field('spec'), 'spec');
    visit(field('status'), 'status');
    expect(closed).toEqual([]);
  });

  test.each([
    ['https://login.example.com', true],
    ['https://accounts.google.com/', true],
    ['https://login.example.com/tenant', true],
    ['https://login.example.com/tenant/', false],
    ['https://login.example.com//', false],
    ['http://login.example.com', false],
    ['https://login.example.com/?tenant', false],
    ['https://login.example.com#x', false],
  ])('the pinned issuer %s is accepted: %s', (issuer, isAccepted) => {
    const { pattern = '^$' } = field('spec.auth.authorizationServer.issuer');
    expect(new RegExp(pattern).test(issuer)).toBe(isAccepted);
  });

  test('knows our server types, condition statuses and reasons', () => {
    expect(field('spec.type').enum).toEqual(expect.arrayContaining([...serverTypes]));
    expect(field('status.conditions.[].status').enum).toEqual(
      expect.arrayContaining([...conditionStatuses]),
    );
    const reason = new RegExp(field('status.conditions.[].reason').pattern ?? '^$');
    for (const word of [
      ...connectedReasons,
      ...failedReasons,
      ...failingReasons,
      ...Object.values(authRequiredReasons),
    ]) {
      expect(word).toMatch(reason);
    }
  });

  test('limits every text, list and map of spec, as the edge does, and nothing of status', () => {
    const unlimited: string[] = [];
    const visit = (node: Schema, path: string): void => {
      const { type, properties = {}, items, additionalProperties } = node;
      if (type === 'string' && node.enum === undefined && node.maxLength === undefined)
        unlimited.push(path);
      if (type === 'array' && node.maxItems === undefined) unlimited.push(path);
      if (additionalProperties && node.maxProperties === undefined) unlimited.push(path);
      for (const [key, property] of Object.entries(properties)) visit(property, `${path}.${key}`);
      if (items) visit(items, `${path}[]`);
      if (additionalProperties) visit(additionalProperties, `${path}{}`);
    };
    visit(field('spec'), 'spec');
    expect(unlimited).toEqual([]);
    expect({
      url: field('spec.url').maxLength,
      description: field('spec.description').maxLength,
      toolPrefix: field('spec.toolPrefix').maxLength,
      headers: field('spec.headers').maxProperties,
      headerValue: field('spec.headers').additionalProperties?.maxLength,
      audiences: field('spec.auth.requiredAudiences').maxItems,
      audience: field('spec.auth.requiredAudiences.[]').maxLength,
      scopes: field('spec.auth.authorizationServer.scopes').maxLength,
      address: field('spec.auth.authorizationServer.issuer').maxLength,
      name: field('spec.auth.tokenExchange.clientCredentialsSecretRef.name').maxLength,
    }).toEqual({ ...specLimits, headerName: undefined });
    // giantswarm/muster writes them, too: a limit would make its writes fail.
    expect(field('status.lastError').maxLength).toBeUndefined();
    expect(field('status.conditions').maxItems).toBeUndefined();
  });

  test('lets every writer keep conditions of its own', () => {
    expect(field('status.conditions')).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    });
  });
});

describe('what the sweep writes', () => {
  const conditions = [
    aCondition({ reason: 'Responded' }),
    aCondition({ type: 'AuthRequired', status: 'Unknown', reason: 'NotDetermined' }),
    aCondition({ type: 'StateContended', reason: 'OtherWriter' }),
  ];
  const time = new Date('2026-01-01T00:00:00Z');
  const whole = { lastError: 'x', lastAttempt: time, lastConnected: time, nextRetryAfter: time };

  // The enum moved on with 5.28.0 (giantswarm/muster#1300); 25b267d8 is of 2026-08-21.
  test.each([
    ['ours', crdFile, []],
    ['giantswarm/muster 5.28', upstreamCrdFile, []],
    ['giantswarm/muster at 25b267d8', upstreamCrdFile, ['Awaiting Session']],
  ])('is in the schema of %s: every state, every field', async (_version, file, later) => {
    const { schema } = await readDefinition(file);
    const { state, ...fields } = schema.properties?.['status']?.properties ?? {};
    const properties = {
      ...fields,
      state: defined({
        ...state,
        type: 'string',
        enum: state?.enum?.filter((word) => !later.some((one) => one === word)),
      }),
    } as const;
    for (const word of states) {
      const status = JSON.parse(
        JSON.stringify(statusPatch(aStatus({ state: word, conditions, ...whole }))),
      );
      const unknown: string[] = [];
      prune({ type: 'object', properties }, status, unknown);
      expect(unknown).toEqual([]);
      expect(check({ type: 'object', properties }, status)).toEqual([]);
    }
  });
});

const describedSchema = z.object({
  description: z.optional(z.string()),
  properties: z._default(z.record(z.string(), z.unknown()), {}),
  items: z.optional(z.record(z.string(), z.unknown())),
});

describe('the examples', () => {
  test('are accepted by the cluster as they are', async () => {
    const cluster = await startCluster({ crdFile });
    const path =
      '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers?fieldValidation=Strict';
    const examples = await documents('examples.yaml');
    expect(examples).toHaveLength(3);
    for (const example of examples) {
      const response = await fetch(`${cluster.url}${path}`, {
        method: 'POST',
        body: JSON.stringify(example),
      });
      expect(await response.json()).toMatchObject({ kind: 'MCPServer' });
    }
    await cluster.close();
  });
});

describe('the rights', () => {
  const rulesOf = async (file: string): Promise<readonly unknown[]> =>
    (await documents(file)).flatMap((document) => roleSchema.safeParse(document).data?.rules ?? []);

  test('are to read MCPServers, patch their status, create Events and renew one Lease, and no more', async () => {
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
    expect(await rulesOf('rbac.yaml')).toEqual([
      { apiGroups: ['muster.giantswarm.io'], resources: ['mcpservers'], verbs: ['get', 'list'] },
      { apiGroups: ['muster.giantswarm.io'], resources: ['mcpservers/status'], verbs: ['patch'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
      { ...leases, resourceNames: ['muster-sweep'], verbs: ['get', 'patch'] },
      { ...leases, verbs: ['create'] },
    ]);
  });

  test('to ask what a person may do are given apart, for those who set ACCESS_REVIEW', async () => {
    expect(await rulesOf('access-review/rbac.yaml')).toEqual([
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['subjectaccessreviews'],
        verbs: ['create'],
      },
    ]);
  });

  test('are bound to one account and one group', async () => {
    const account = {
      kind: 'ServiceAccount',
      name: 'muster-sweep',
      namespace: 'muster-serverless',
    };
    const group = { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'muster-sweep' };
    const all = [
      ...(await documents('rbac.yaml')),
      ...(await documents('access-review/rbac.yaml')),
    ];
    const bindings = all.flatMap((document) => bindingSchema.safeParse(document).data ?? []);
    expect(bindings.map(({ kind, roleRef, subjects }) => [kind, roleRef.name, subjects])).toEqual([
      ['ClusterRoleBinding', 'muster-sweep', [account, group]],
      ['RoleBinding', 'muster-sweep', [account, group]],
      ['ClusterRoleBinding', 'muster-access-review', [account, group]],
    ]);
  });
});

const bindingSchema = z.object({
  kind: z.string(),
  roleRef: z.object({ name: z.string() }),
  subjects: z.array(z.unknown()),
});

const roleSchema = z.object({ rules: z.array(z.unknown()) });

test('kubectl apply -k manifests brings the rights, and neither the CRD nor examples', async () => {
  expect(parse(await read('kustomization.yaml'))).toMatchObject({
    kind: 'Kustomization',
    resources: ['rbac.yaml'],
  });
  expect(parse(await read('crd/kustomization.yaml'))).toMatchObject({
    kind: 'Kustomization',
    resources: ['crd.yaml'],
  });
});
