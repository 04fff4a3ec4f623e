/**
 * Builds kube-apiserver, etcd and kubectl from the Go module proxy, once, into a cache outside the
 * repository.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const moduleFolder = fileURLToPath(new URL('./apiserver/', import.meta.url));

/** The Go on PATH; undefined when there is none. */
export const goVersion = (): Promise<string | undefined> =>
  run('go', ['env', 'GOVERSION']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );

/**
 * The folder with the three programs. Cold it takes minutes, and says so; its key is what go.mod
 * and go.sum pin.
 */
export async function buildAssets(
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<string> {
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'muster-serverless', `apiserver-${await pins()}`);
  if (await isThere(folder)) return folder;
  say(
    'Building kube-apiserver, etcd and kubectl from the Go module proxy. This happens once and takes minutes.',
  );
  const started = Date.now();
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    // One package after the other: linking kube-apiserver takes gigabytes.
    for (const [program, name] of programs) await build(name, join(unfinished, program));
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  say(`Built in ${Math.round((Date.now() - started) / 1000)} s into ${folder}.`);
  return folder;
}

const programs = [
  ['etcd', 'go.etcd.io/etcd/server/v3'],
  ['kube-apiserver', 'k8s.io/kubernetes/cmd/kube-apiserver'],
  ['kubectl', 'k8s.io/kubernetes/cmd/kubectl'],
] as const;

/**
 * Without a version a kube-apiserver calls itself v0.0.0 and takes itself for one without any
 * feature.
 */
async function build(name: string, output: string): Promise<void> {
  const flags = [
    '-trimpath',
    '-ldflags',
    `-s -w -X k8s.io/component-base/version.gitVersion=${await kubernetesVersion()}`,
  ];
  // The machine is somebody's: the compiler waits for everything else.
  await run('nice', ['-n', '15', 'go', 'build', ...flags, '-o', output, name], {
    cwd: moduleFolder,
    env: { ...process.env, CGO_ENABLED: '0' },
    maxBuffer: 64 * 1024 * 1024,
  });
}

async function kubernetesVersion(): Promise<string> {
  const [, version = ''] =
    /k8s\.io\/kubernetes (v\S+)/.exec(await readFile(join(moduleFolder, 'go.mod'), 'utf8')) ?? [];
  return version;
}

async function pins(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(await readFile(join(moduleFolder, name)));
  return hash.digest('hex').slice(0, 16);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
