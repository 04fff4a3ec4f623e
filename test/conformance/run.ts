/**
 * `npm run test:conformance`: the client authorization scenarios of the MCP conformance suite,
 * driven through our sign-in (client.ts).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Scenarios that do not apply, each with the reason. */
const notApplicable: Readonly<Record<string, string>> = {
  'auth/2025-03-26-oauth-endpoint-fallback':
    'guesses endpoints of an issuer without metadata; the specification of today requires metadata',
  'auth/client-credentials-jwt': 'no person: we sign people in, not programs',
  'auth/client-credentials-basic': 'no person: we sign people in, not programs',
  'auth/wif-jwt-bearer': 'no person: the identity of a workload',
  'auth/enterprise-managed-authorization':
    'an extension (ID-JAG); our single sign-on is the exchange that spec.auth declares',
  'auth/dpop':
    'an extension; grants are kept for later, and MCPServers have no field that asks for it',
  'auth/dpop-nonce': 'an extension, as above',
};

/** Scenarios that pass with a warning we know: nothing failed. */
const warned: Readonly<Record<string, string>> = {
  'auth/basic-cimd':
    'our client id is the address of our own metadata document; the scenario knows only the one of the suite',
};

const client = fileURLToPath(new URL('client.ts', import.meta.url));

async function scenarios(): Promise<readonly string[]> {
  const { stdout } = await run('conformance', ['list']);
  return [...stdout.matchAll(/^ {2}- (auth\/\S+) /gm)].flatMap(([, name]) =>
    name === undefined ? [] : [name],
  );
}

type Result = { readonly passed: boolean; readonly words: string };

async function play(name: string): Promise<Result> {
  const command = `${process.execPath} ${client}`;
  const { stdout, stderr, code } = await run('conformance', [
    'client',
    '--command',
    command,
    '--scenario',
    name,
  ]).then(
    (ended) => ({ ...ended, code: 0 }),
    (error: { stdout: string; stderr: string }) => ({ ...error, code: 1 }),
  );
  const text = stdout + stderr;
  const words = /^Passed: (.*)$/m.exec(text)?.[1] ?? 'no result';
  return {
    passed: code === 0 || (warned[name] !== undefined && words.includes(' 0 failed')),
    words,
  };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

let failed = 0;
let played = 0;
for (const name of await scenarios()) {
  const reason = notApplicable[name];
  if (reason !== undefined) {
    say(`-  ${name}: does not apply: ${reason}`);
    continue;
  }
  const { passed, words } = await play(name);
  played += 1;
  if (!passed) failed += 1;
  say(
    `${passed ? 'ok' : 'NO'} ${name}: ${words}${warned[name] === undefined ? '' : ` (${warned[name]})`}`,
  );
}
say(
  `${String(played - failed)} passed, ${String(failed)} failed, ${String(Object.keys(notApplicable).length)} do not apply`,
);
process.exitCode = failed === 0 && played > 0 ? 0 : 1;
