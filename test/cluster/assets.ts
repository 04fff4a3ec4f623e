/**
 * Where a real API server comes from, in the order of the field's convention (controller-runtime's
 * envtest).
 */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAssets, goVersion } from './build.ts';

/**
 * The programs of one API server, and where they were found. kubectl is looked for on PATH where it
 * is not among them.
 */
export type Assets = {
  readonly kubeApiserver: string;
  readonly etcd: string;
  readonly kubectl: string;
  readonly source: string;
};

export type Found =
  | { readonly kind: 'assets'; readonly assets: Assets }
  /** A cluster that runs already: only tests that keep to namespaces of their own may use it. */
  | { readonly kind: 'existing'; readonly path: string }
  | { readonly kind: 'missing'; readonly hint: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds an API server, and builds one where a Go toolchain is there. `say` hears of anything that
 * takes long.
 */
export async function findAssets(
  environment: Environment,
  say: (line: string) => void,
): Promise<Found> {
  const {
    KUBEBUILDER_ASSETS: folder,
    TEST_ASSET_KUBE_APISERVER: kubeApiserver,
    TEST_ASSET_ETCD: etcd,
  } = environment;
  const kubectl = environment['TEST_ASSET_KUBECTL'];
  if (kubeApiserver && etcd) {
    return {
      kind: 'assets',
      assets: {
        kubeApiserver,
        etcd,
        kubectl: kubectl ?? 'kubectl',
        source: 'TEST_ASSET_KUBE_APISERVER',
      },
    };
  }
  if (folder) {
    const inFolder = await assetsIn(folder, 'KUBEBUILDER_ASSETS');
    return (
      inFolder ?? {
        kind: 'missing',
        hint: `KUBEBUILDER_ASSETS is ${folder}, which lacks kube-apiserver or etcd.`,
      }
    );
  }
  if (environment['KUBECONFIG'] && environment['USE_EXISTING_CLUSTER'] === 'true') {
    return { kind: 'existing', path: environment['KUBECONFIG'] };
  }
  const installed = await assetsIn('/usr/local/kubebuilder/bin', 'the folder of kubebuilder');
  if (installed) return installed;
  if ((await goVersion()) === undefined) return { kind: 'missing', hint: howToGetOne };
  const built = await buildAssets(environment, say);
  return (
    (await assetsIn(built, 'the Go module proxy')) ?? {
      kind: 'missing',
      hint: `${built} lacks kube-apiserver or etcd.`,
    }
  );
}

const howToGetOne = `There is no API server to test against. One of these is enough:
  KUBEBUILDER_ASSETS=folder with kube-apiserver, etcd and kubectl    (setup-envtest use -p path)
  KUBECONFIG=file USE_EXISTING_CLUSTER=true                          a cluster where you may create namespaces and CRDs
  Go 1.26 on PATH                                                    builds all three from the Go module proxy, once`;

async function assetsIn(folder: string, source: string): Promise<Found | undefined> {
  const [kubeApiserver, etcd, kubectl] = ['kube-apiserver', 'etcd', 'kubectl'].map((name) =>
    join(folder, name),
  );
  if (kubeApiserver === undefined || etcd === undefined || kubectl === undefined) return undefined;
  if (!(await isProgram(kubeApiserver)) || !(await isProgram(etcd))) return undefined;
  return {
    kind: 'assets',
    assets: {
      kubeApiserver,
      etcd,
      kubectl: (await isProgram(kubectl)) ? kubectl : 'kubectl',
      source,
    },
  };
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
