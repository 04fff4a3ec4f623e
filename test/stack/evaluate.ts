import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { mkdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import * as z from 'zod/mini';
import { listen } from '../../local/listen.ts';
import { bundleFunction } from './bundle.ts';

const resourceSchema = z.object({
  type: z.string(),
  name: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  /** What AWS gives besides: physical name, ARN, address. */
  state: z.record(z.string(), z.unknown()),
  ignoreChanges: z.optional(z.array(z.string())),
});
const resultSchema = z.union([
  z.object({
    kind: z.literal('deployed'),
    resources: z.array(resourceSchema),
    outputs: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('failed'), problems: z.array(z.string()) }),
]);

/** What `sst deploy` would make, or why it would not. */
export type Evaluation = z.infer<typeof resultSchema>;
export type Resource = z.infer<typeof resourceSchema>;

export type Deployment = {
  /** Of `copyProject`. */
  readonly folder: string;
  readonly stage?: string;
  readonly environment: Readonly<Record<string, string>>;
};

/**
 * Runs sst.config.ts as `sst deploy` does, with a Pulumi monitor that only writes down. The bundles
 * of the functions are real ones.
 */
export async function evaluate({
  folder,
  stage = 'production',
  environment,
}: Deployment): Promise<Evaluation> {
  const work = join(folder, '.sst', stage);
  const platform = await realpath(join(folder, '.sst/platform'));
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await symlink(join(platform, 'node_modules'), join(work, 'node_modules'));
  const rpc = await startRpc(folder, work);
  try {
    const program = join(work, 'program.mjs');
    await buildProgram({ folder, platform, stage, work, program });
    const result = join(work, 'result.json');
    const { PATH = '', HOME = '' } = process.env;
    await promisify(execFile)(process.execPath, [program, result], {
      cwd: folder,
      env: { PATH, HOME, ...environment, SST_SERVER: rpc.url },
      maxBuffer: 1 << 26,
      // Pulumi can wait for ever, without a pause, for what has failed elsewhere.
      timeout: 60_000,
      killSignal: 'SIGKILL',
    }).catch((error: unknown) => {
      // Pulumi ends a program that failed with an exit code of its own.
      if (!existsSync(result) && rpc.problems.length === 0) throw error;
    });
    if (rpc.problems.length > 0) return { kind: 'failed', problems: rpc.problems };
    return resultSchema.parse(JSON.parse(await readFile(result, 'utf8')));
  } finally {
    await rpc.close();
  }
}

type Program = Record<'folder' | 'platform' | 'stage' | 'work' | 'program', string>;

/**
 * As the CLI bundles it: `$app`, `$cli` and `$dev` are constants, `sst` and `aws` are imports of
 * every file that is not the platform's.
 */
async function buildProgram({ folder, platform, stage, work, program }: Program): Promise<void> {
  const isProduction = stage === 'production';
  const app = {
    name: 'muster',
    stage,
    removal: isProduction ? 'retain' : 'remove',
    protect: isProduction,
    providers: { aws: {} },
  };
  const paths = { home: join(work, 'home'), root: folder, work, platform };
  await build({
    entryPoints: [join(folder, 'test/stack/program.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    absWorkingDir: folder,
    inject: [join(platform, 'src/shim/run.js')],
    define: {
      $app: JSON.stringify(app),
      $cli: JSON.stringify({
        command: 'deploy',
        rpc: '',
        paths,
        home: 'aws',
        state: { version: {} },
      }),
      $dev: 'false',
    },
    external: [
      '@pulumi/*',
      '@pulumiverse/*',
      '@aws-sdk/*',
      '@smithy/*',
      'undici',
      'esbuild',
      'archiver',
      'glob',
      'vite',
    ],
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    plugins: [globals(platform)],
    logLevel: 'silent',
  });
}

const globals = (platform: string): Plugin => ({
  name: 'globals',
  setup: (build) => {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path.startsWith(platform) || path.includes('/node_modules/')) return undefined;
      const components = JSON.stringify(join(platform, 'src/components/index.ts'));
      const imports = `import * as aws from '@pulumi/aws'; import * as sst from ${components};`;
      return { contents: `${imports}\n${await readFile(path, 'utf8')}`, loader: 'ts' };
    });
  },
});

const callSchema = z.object({ method: z.string(), params: z.array(z.unknown()) });
const buildSchema = z.object({
  functionID: z.string(),
  handler: z.string(),
  properties: z.object({ minify: z.optional(z.boolean()), splitting: z.optional(z.boolean()) }),
});

/** The side of the CLI: bundles functions, and knows the buckets that it made in the account. */
async function startRpc(folder: string, work: string) {
  const problems: string[] = [];
  const methods: Readonly<Record<string, (params: unknown) => Promise<unknown>>> = {
    'Provider.Aws.Bootstrap': async () => ({
      asset: 'sst-asset',
      state: 'sst-state',
      assetEcrRegistryId: '',
      assetEcrUrl: '',
    }),
    'Runtime.Build': async (params) => {
      const { functionID, handler, properties } = buildSchema.parse(params);
      // Beside the folder that SST puts the archive into, or the archive would hold itself.
      const out = join(work, 'artifacts', `${functionID}-src`);
      const built = await bundleFunction({
        folder,
        handler,
        out,
        minify: properties.minify ?? false,
        splitting: properties.splitting ?? false,
      });
      problems.push(...built.errors);
      return { handler: built.handler, out, errors: built.errors, sourcemaps: [] };
    },
  };
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const { method, params } = callSchema.parse(JSON.parse(body));
      const answer = methods[method];
      const reply =
        answer === undefined
          ? { error: `rpc: can't find ${method}` }
          : await answer(params[0]).then(
              (result) => ({ result }),
              (error: unknown) => {
                problems.push(String(error));
                return { error: String(error) };
              },
            );
      response.end(JSON.stringify(reply));
    });
  });
  return { ...(await listen(server)), problems };
}

/** Where the recorded bundles of a stage are. */
export const artifacts = (folder: string, name: string, stage = 'production'): string =>
  join(folder, '.sst', stage, 'artifacts', `${name}-src`);

/** What an owner gives at least. */
export const owner: Readonly<Record<string, string>> = {
  AWS_REGION: 'eu-central-1',
  OIDC_ISSUER: 'https://issuer.example.com',
  OIDC_CLIENT_ID: 'muster',
  EKS_CLUSTER: 'mine',
  SITE: 'on',
  SITE_URL: 'https://docs.example.com',
  REPOSITORY_URL: 'https://forge.example.com/owner/muster',
};
