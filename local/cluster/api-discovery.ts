import type { Answer } from './answer.ts';
import type { Definition } from './definition.ts';

/** The paths where clients discover what the cluster serves. Undefined for any other path. */
export function discovery(definitions: readonly Definition[], path: string): Answer | undefined {
  switch (path) {
    case '/readyz':
      return { code: 200, body: 'ok' };
    case '/version':
      return {
        code: 200,
        body: { major: '1', minor: '36', gitVersion: 'v1.36.0+local', platform: 'local' },
      };
    case '/api':
      return { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
    case '/api/v1':
      return {
        code: 200,
        body: {
          kind: 'APIResourceList',
          apiVersion: 'v1',
          groupVersion: 'v1',
          resources: definitions.filter(isCore).flatMap(resourcesOf),
        },
      };
    case '/apis':
      return {
        code: 200,
        body: {
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: definitions.filter((one) => !isCore(one)).map(groupOf),
        },
      };
    default:
      return definitions
        .map((definition) => ofGroup(definition, path))
        .find((answer) => answer !== undefined);
  }
}

/** The core group of Kubernetes has no name, and a path of its own. */
const isCore = ({ group }: Definition): boolean => group === '';

/** Where the resources of a definition are. */
export const pathPrefix = ({ group, version }: Definition): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`;

function groupOf({ group, version }: Definition) {
  const served = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [served], preferredVersion: served };
}

function resourcesOf(definition: Definition) {
  const { kind, plural, singular, shortNames } = definition;
  const named = { name: plural, singularName: singular, namespaced: true, kind, shortNames };
  const status = { name: `${plural}/status`, singularName: '', namespaced: true, kind };
  return [
    { ...named, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
    ...(definition.schema.properties?.['status']
      ? [{ ...status, verbs: ['get', 'patch', 'update'] }]
      : []),
  ];
}

function ofGroup(definition: Definition, path: string): Answer | undefined {
  const { group, version } = definition;
  if (isCore(definition)) return undefined;
  if (path === `/apis/${group}`)
    return { code: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(definition) } };
  if (path !== `/apis/${group}/${version}`) return undefined;
  return {
    code: 200,
    body: {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: `${group}/${version}`,
      resources: resourcesOf(definition),
    },
  };
}
