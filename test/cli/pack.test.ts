import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type Bundled, bundle, oldestNode, packagesIn } from '../../cli/package/bundle.ts';
import repository from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const packsSchema = z.array(
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
);

/**
 * In bytes. What `muster list` parses at every start costs about 0.1 ms for each 2 KB; see
 * docs/performance.md.
 */
const limits = { list: 86_000, all: 215_000 };

let box: string;
let bundled: Bundled;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  box = await mkdtemp(join(tmpdir(), 'muster-pack-'));
  await mkdir(join(box, 'home'));
  bundled = await bundle(join(box, 'built/muster.cjs'));
  // As on a machine that has only Node and npm: no settings of a person, no cache.
  environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(box, 'home'),
    npm_config_cache: join(box, 'cache'),
    npm_config_update_notifier: 'false',
  };
});
afterAll(() => rm(box, { recursive: true, force: true }));

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const ran = (file: string, ...args: readonly string[]): Promise<Ran> =>
  promisify(execFile)(file, args, { cwd: box, env: environment }).then(
    (output) => ({ code: 0, ...output }),
    (error: unknown) =>
      z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).parse(error),
  );

describe('the package of the command line', () => {
  const prefix = () => join(box, 'prefix');
  let packs: z.infer<typeof packsSchema>;
  let installed: Ran;
  beforeAll(async () => {
    await ran(process.execPath, join(root, 'cli/package/pack.ts'), join(box, 'package'));
    const { stdout } = await ran('npm', 'pack', './package', '--json');
    packs = packsSchema.parse(JSON.parse(stdout));
    const tarball = packs[0]?.filename ?? '';
    const install = ['install', '--global', '--offline', '--prefix', prefix()];
    installed = await ran('npm', ...install, `./${tarball}`);
  }, 60_000);

  test('installs from the tarball alone, offline', () => {
    expect(installed).toMatchObject({ code: 0, stderr: '' });
  });

  test('holds one program and what has to go along with it', () => {
    const files = packs.flatMap((pack) => pack.files.map(({ path }) => path));
    expect(files.filter((file) => !file.startsWith('muster-chunks/')).sort()).toEqual([
      'LICENSE',
      'README.md',
      'THIRD-PARTY.txt',
      'muster.cjs',
      'package.json',
    ]);
    const chunks = bundled.chunks.map(({ name }) => `muster-chunks/${name}.cjs`);
    expect(files.filter((file) => file.startsWith('muster-chunks/')).sort()).toEqual(chunks.sort());
  });

  test('depends on nothing, and runs nothing when it is installed', async () => {
    const text = await readFile(join(box, 'package/package.json'), 'utf8');
    const packed: Record<string, unknown> = JSON.parse(text);
    expect(packed).toMatchObject({
      name: 'muster-serverless',
      version: repository.version,
      bin: { muster: 'muster.cjs', 'muster-serverless': 'muster.cjs' },
      engines: { node: '>=20' },
    });
    expect(Object.keys(packed).filter((key) => /dependencies|scripts/i.test(key))).toEqual([]);
  });

  test('says whose code is in it, with the text of each license', async () => {
    const text = await readFile(join(box, 'package/THIRD-PARTY.txt'), 'utf8');
    const packages = packagesIn(bundled);
    if (packages.length === 0) expect(text).toBe('It contains no code of other packages.\n');
    const parts = packages.length === 0 ? [] : text.split('\n\n----\n\n');
    expect(parts).toHaveLength(packages.length);
    for (const part of parts) {
      expect(part).toMatch(/^\S+ \d+\.\d+\.\d+, \S+\n/);
      expect(part).toMatch(/permission|redistribution|licensed/i);
    }
  });

  test('runs by npx under its own name, from the tarball alone', async () => {
    const tarball = `./${packs[0]?.filename ?? ''}`;
    const npx = ['--offline', '--yes', '--package', tarball, 'muster-serverless', '--version'];
    expect(await ran('npx', ...npx)).toMatchObject({
      code: 0,
      stdout: `muster ${repository.version}\n`,
    });
  });

  test.each(['muster', 'muster-serverless'])('is installed as %s', async (command) => {
    const bin = join(prefix(), 'bin', command);
    expect(await ran(bin, '--version')).toEqual({
      code: 0,
      stdout: `muster ${repository.version}\n`,
      stderr: '',
    });
    const listed = await ran(bin, 'list', 'mcpserver');
    expect(listed).toMatchObject({ code: 1, stdout: '' });
    expect(listed.stderr).toMatch(/^Error: No endpoint is set\.\n.+\n$/);
  });
});

describe('the bundle', () => {
  const bytes = (names: readonly string[]): number =>
    bundled.chunks
      .filter(({ name }) => names.includes(name))
      .reduce((sum, chunk) => sum + chunk.bytes, 0);

  test('what muster list reads is small, and stays so with more commands', () => {
    expect(bundled.chunks.find(({ name }) => name === 'main')?.needs).toEqual([]);
    expect(bundled.chunks.find(({ name }) => name === 'list')?.needs).toEqual(['main']);
    expect(bytes(['main', 'list'])).toBeLessThan(limits.list);
    const status = bundled.chunks.find(({ name }) => name === 'auth-status')?.needs ?? [];
    expect([...status].sort()).toEqual(['list', 'look', 'main']);
  });

  test('all of the command line is small enough to download while one waits', () => {
    expect(bytes(bundled.chunks.map(({ name }) => name))).toBeLessThan(limits.all);
  });

  test('an old Node gets one line that names the Node it needs', async () => {
    const source = await readFile(join(box, 'built/muster.cjs'), 'utf8');
    const said: string[] = [];
    class Exit extends Error {}
    const exit = (code: number) => {
      said.push(`exit ${String(code)}`);
      throw new Exit();
    };
    const process = {
      versions: { node: '12.22.12' },
      stderr: { write: (text: string) => said.push(text) },
      exit,
    };
    const [, program = ''] = /^#!.*\n([^]*)$/.exec(source) ?? [];
    expect(() =>
      runInNewContext(program, { process, require: () => said.push('loaded') }),
    ).toThrow();
    expect(said).toEqual([
      `muster needs Node ${String(oldestNode)} or newer; this is Node 12.22.12.\n`,
      'exit 1',
    ]);
    // Syntax of Node 6: nothing that an old Node would stumble over before it prints the line.
    expect(program).not.toMatch(/\?\?|\?\.|async|await|\bimport\b/);
  });
});

test('the repository itself packs the built command, and nothing else of the tree', async () => {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts', root];
  const { stdout } = await ran('npm', ...pack);
  const [files = []] = packsSchema
    .parse(JSON.parse(stdout))
    .map(({ files }) => files.map(({ path }) => path));
  const expected = new Set(['LICENSE', 'README.md', 'dist/muster.cjs', 'package.json']);
  expect(
    files.filter((file) => !expected.has(file) && !file.startsWith('dist/muster-chunks/')),
  ).toEqual([]);
});
