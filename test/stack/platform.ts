/** The platform that SST brings: types, components, and the runtime client of its functions. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ours from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Platform =
  | { readonly kind: 'there'; readonly folder: string; readonly installMs?: number }
  | { readonly kind: 'missing'; readonly why: string };

/** Installed once for each version of SST, outside the repository; npm is all that is asked. */
export async function installPlatform(): Promise<Platform> {
  const caches = join(
    process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'muster-serverless',
  );
  const place = join(caches, `sst-${ours.devDependencies.sst}`);
  const folder = join(place, '.sst', 'platform');
  if (existsSync(join(folder, 'config.d.ts'))) return { kind: 'there', folder };
  await mkdir(caches, { recursive: true });
  // Installed beside its place and moved there whole: two runs at once, or one that was cut off,
  // leave nothing half done.
  const fresh = await mkdtemp(join(caches, 'sst-'));
  const started = performance.now();
  try {
    await writeFile(join(fresh, 'sst.config.ts'), config);
    await promisify(execFile)(join(root, 'node_modules', '.bin', 'sst'), ['install'], {
      cwd: fresh,
      env: { ...process.env, ...withoutDownloads },
    });
    await rename(fresh, place).catch(async (error: unknown) => {
      if (!existsSync(join(folder, 'config.d.ts'))) throw error;
      await rm(fresh, { recursive: true });
    });
    return { kind: 'there', folder, installMs: performance.now() - started };
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    return {
      kind: 'missing',
      why: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    };
  }
}

const config = `export default $config({ app: () => ({ name: 'platform', home: 'aws' }), async run() {} });\n`;

// Undocumented switches of 4.17: without them the CLI first downloads pulumi and bun, and refuses
// to guess a stage.
const withoutDownloads = {
  SST_SKIP_DEPENDENCY_CHECK: '1',
  SST_NO_BUN: '1',
  SST_TELEMETRY_DISABLED: '1',
  SST_STAGE: 'test',
};
