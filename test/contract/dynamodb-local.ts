/**
 * `npm run test:store`: the contract suite of the store against DynamoDB Local, Amazon's own, which
 * runs on Java. The npm package amplify-dynamodb-simulator carries its jar; npm fetches that
 * package, pinned, into a cache outside the repository. Without Java the tests of DynamoDB Local
 * are skipped, and that is said.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { listen } from '../../local/listen.ts';

const run = promisify(execFile);

const carrier = { name: 'amplify-dynamodb-simulator', version: '2.9.30' };
/** Of DynamoDBLocal.jar in that package. */
const sha256 = '454305e9bc3e6ebcca5b62569869e31563b8d7e346474e94557b2600702146c7';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'muster-serverless');

/** The folder with the jar; fetched the first time. */
async function emulator(): Promise<string> {
  const folder = join(cache, `${carrier.name}-${carrier.version}`);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await fetchInto(folder);
  const home = join(folder, 'package', 'emulator');
  const found = createHash('sha256')
    .update(await readFile(join(home, 'DynamoDBLocal.jar')))
    .digest('hex');
  if (found !== sha256)
    throw new Error(
      `${home} holds another DynamoDBLocal.jar than we know. Remove ${folder} and try again.`,
    );
  return home;
}

async function fetchInto(folder: string): Promise<void> {
  const draft = `${folder}.${String(process.pid)}`;
  await mkdir(draft, { recursive: true });
  try {
    // Only the package itself is fetched: its hundreds of dependencies are for its JavaScript, not
    // for the jar.
    const { stdout } = await run(
      'npm',
      ['pack', `${carrier.name}@${carrier.version}`, '--silent'],
      { cwd: draft },
    );
    await run('tar', ['-xzf', stdout.trim()], { cwd: draft });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await wait(200);
  }
  throw new Error('DynamoDB Local did not start within 20 s.');
}

/** Runs the suite, with the arguments that vitest is to get, and gives its exit code. */
async function suite(environment: Readonly<Record<string, string>>): Promise<number> {
  const vitest = spawn('vitest', ['run', 'test/contract/store.test.ts', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve) => vitest.once('close', (code) => resolve(code ?? 1)));
}

const hasJava = await run('java', ['-version']).then(
  () => true,
  () => false,
);
if (hasJava) {
  const home = await emulator();
  const port = await freePort();
  const java = spawn(
    'java',
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-port',
      String(port),
    ],
    {
      cwd: home,
      stdio: 'ignore',
    },
  );
  try {
    const url = `http://127.0.0.1:${String(port)}`;
    await answers(url);
    process.exitCode = await suite({ DYNAMODB_LOCAL_URL: url });
  } finally {
    java.kill();
  }
} else {
  process.stderr.write(
    'SKIPPED: there is no Java on this machine, so DynamoDB Local cannot run. Its tests are counted as skipped.\n',
  );
  process.exitCode = await suite({});
}
