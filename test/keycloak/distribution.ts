/**
 * Keycloak as its makers publish it, from Maven Central by the ordinary client. It is fetched and
 * built for its start once, and kept in a cache outside the repository.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { messageOf } from '../../functions/model/error-message.ts';

const run = promisify(execFile);

const version = '26.7.3';
/** Of keycloak-quarkus-dist-26.7.3.zip. */
const sha256 = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f';
/** Keycloak 26 needs this Java or a newer one. */
const oldestJava = 17;
const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';

export type Distribution =
  | { readonly kind: 'there'; readonly home: string; readonly fetchMs?: number }
  | { readonly kind: 'missing'; readonly hint: string };

/** Finds it in the cache or fetches it: 177 MB, the first time only. */
export async function findDistribution(): Promise<Distribution> {
  const java = await javaVersion();
  if (java < oldestJava)
    return {
      kind: 'missing',
      hint: `Keycloak needs Java ${String(oldestJava)}. Install it (Debian: apt-get install -y default-jre-headless).`,
    };
  const caches = join(
    process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'muster-serverless',
  );
  const home = join(caches, `keycloak-${version}`);
  if (existsSync(home)) return { kind: 'there', home };
  await mkdir(caches, { recursive: true });
  const draft = await mkdtemp(join(caches, 'keycloak-draft-'));
  const started = performance.now();
  try {
    await fetchInto(draft);
    // As its guide asks before `start --optimized`; a start without it does this every time.
    await run('bash', [join(draft, folder, 'bin', 'kc.sh'), 'build', '--db=dev-mem']);
    await rename(join(draft, folder), home);
    return { kind: 'there', home, fetchMs: performance.now() - started };
  } catch (error) {
    return {
      kind: 'missing',
      hint: `Keycloak could not be fetched with Maven (Debian: apt-get install -y maven): ${messageOf(error).split('\n')[0] ?? ''}`,
    };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const folder = `keycloak-${version}`;

async function fetchInto(draft: string): Promise<void> {
  const repository = join(draft, 'repository');
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
  await run('mvn', [
    '-q',
    '-B',
    `-Dmaven.repo.local=${repository}`,
    unpack,
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${draft}`,
  ]);
  const zip = join(
    repository,
    'org/keycloak/keycloak-quarkus-dist',
    version,
    `keycloak-quarkus-dist-${version}.zip`,
  );
  const digest = createHash('sha256');
  await pipeline(createReadStream(zip), digest);
  if (digest.digest('hex') !== sha256)
    throw new Error(`${artifact} is not the file that this repository knows.`);
}

/** 0: there is none. */
async function javaVersion(): Promise<number> {
  try {
    const { stderr } = await run('java', ['-version']);
    return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  } catch {
    return 0; // No Java on PATH, or one that does not run.
  }
}
