/** The OpenAPI v3 documents of the cluster: `kubectl explain` reads the fields from them. */
import type { Answer } from './answer.ts';
import { pathPrefix } from './api-discovery.ts';
import type { Definition } from './definition.ts';

/** `/openapi/v3` and what it leads to. Undefined for any other path. */
export function openApi(definitions: readonly Definition[], path: string): Answer | undefined {
  const documents = new Map(definitions.map((one) => [`/openapi/v3${pathPrefix(one)}`, one]));
  if (path === '/openapi/v3') {
    const paths = Object.fromEntries(
      [...documents].map(([address, one]) => [
        pathPrefix(one).slice(1),
        { serverRelativeURL: `${address}?hash=local` },
      ]),
    );
    return { code: 200, body: { paths } };
  }
  const found = documents.get(path);
  if (found === undefined) return undefined;
  const { group, version } = found;
  const together = definitions.filter((one) => one.group === group && one.version === version);
  return {
    code: 200,
    body: {
      openapi: '3.0.0',
      info: { title: 'the local cluster', version: 'local' },
      paths: Object.fromEntries(together.map(pathOf)),
      components: { schemas: Object.fromEntries(together.map(schemaOf)) },
    },
  };
}

const gvkOf = ({ group, version, kind }: Definition) => ({ group, version, kind });

const pathOf = (one: Definition) => {
  const named = { responses: {}, 'x-kubernetes-group-version-kind': gvkOf(one) };
  // kubectl leaves the validation of fields to a server that takes this parameter.
  const validating = { ...named, parameters: [{ name: 'fieldValidation', in: 'query' }] };
  return [
    `${pathPrefix(one)}/namespaces/{namespace}/${one.plural}`,
    { get: named, post: validating, patch: validating },
  ];
};

const schemaOf = (one: Definition) => [
  `${one.group === '' ? 'io.k8s.api.core' : one.group.split('.').toReversed().join('.')}.${one.version}.${one.kind}`,
  { ...one.schema, 'x-kubernetes-group-version-kind': [gvkOf(one)] },
];
