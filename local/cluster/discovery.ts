import type { Answer } from './answer.ts';
import type { Definition } from './definition.ts';

/** The paths by which clients find out what the cluster serves. Undefined for any other path. */
export function discovery(definition: Definition, path: string): Answer | undefined {
  const { group, version, kind, plural, singular, shortNames } = definition;
  const served = { groupVersion: `${group}/${version}`, version };
  const entry = { name: group, versions: [served], preferredVersion: served };
  const named = { name: plural, singularName: singular, namespaced: true, kind, shortNames };
  const status = { name: `${plural}/status`, singularName: '', namespaced: true, kind };
  switch (path) {
    case '/readyz':
      return { code: 200, body: 'ok' };
    case '/version':
      return { code: 200, body: { major: '1', minor: '36', gitVersion: 'v1.36.0+local', platform: 'local' } };
    case '/api':
      return { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
    case '/api/v1':
      return { code: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'v1', resources: [] } };
    case '/apis':
      return { code: 200, body: { kind: 'APIGroupList', apiVersion: 'v1', groups: [entry] } };
    case `/apis/${group}`:
      return { code: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...entry } };
    case `/apis/${group}/${version}`:
      return {
        code: 200,
        body: {
          kind: 'APIResourceList',
          apiVersion: 'v1',
          groupVersion: served.groupVersion,
          resources: [
            { ...named, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'] },
            { ...status, verbs: ['get', 'patch', 'update'] },
          ],
        },
      };
    default:
      return undefined;
  }
}
