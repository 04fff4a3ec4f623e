import { defined } from '../../functions/model/defined.ts';
/** A valid MCPServer manifest, with what a test overrides. */
export type ManifestParts = {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
};

export const aManifest = ({
  name = 'server-a',
  namespace,
  labels,
  metadata,
  spec,
  status,
}: ManifestParts = {}) =>
  defined({
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    metadata: defined({
      name,
      namespace: namespace || undefined,
      labels,
      ...metadata,
    }),
    spec: spec ?? { type: 'streamable-http', url: 'https://mcp.example.com/mcp' },
    status,
  });

export const crdFile = new URL('../../manifests/crd/crd.yaml', import.meta.url);

/** The CRD of giantswarm/muster 5.28. */
export const upstreamCrdFile = new URL('upstream-crd.yaml', import.meta.url);
