import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export type SecretException = {
  readonly file: string;
  /** As the check prints it: the value itself would be found here again. */
  readonly fingerprint: string;
  readonly reason: string;
};

/** Values that look like secrets and are none. */
export const secretExceptions: readonly SecretException[] = [
  {
    file: 'docs/cluster-access.md',
    fingerprint: '937ae71f1317e20b',
    reason: 'the name of a Secret of Kubernetes',
  },
  {
    file: 'test/functions/adapters/cluster/eks.test.ts',
    fingerprint: '28e3e6bb32556a77',
    reason: 'the scope of a signature that AWS documents as an example; no secret part',
  },
  {
    file: 'test/stack/program.ts',
    fingerprint: '42a8af5aab5958b8',
    reason: 'the public key under which Pulumi marks secrets in its wire format',
  },
  {
    file: 'test/world/sts.ts',
    fingerprint: 'e8a0614b6747a06f',
    reason: 'the example key of the AWS documentation; no account has it',
  },
];

type Rule = { readonly what: string; readonly pattern: RegExp };

/** Each has a form of its own; the last group of a pattern, or all of it, is the value. */
const rules: readonly Rule[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/g },
  {
    what: 'a private key in base64',
    pattern: /\bLS0tLS1CRUdJTi[A-Za-z0-9+/]*(?:UFJJVkFURS|BSSVZBVE|QUklWQVRF)[A-Za-z0-9+/]*/g,
  },
  { what: 'a private key as JWK', pattern: /["']?\bd["']?\s*:\s*["']([\w-]{43,})["']/g },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { what: 'a JWT', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*/g },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/g },
  {
    what: 'a Slack token',
    pattern: /\bxox[abeoprs]-[\w-]{10,}|hooks\.slack\.com\/services\/[\w/]{20,}/g,
  },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*(?!\$\{)(\S{8,})/g },
  { what: 'a Google API key', pattern: /\bAIza[\w-]{35}/g },
  { what: 'a kubeconfig key', pattern: /\bclient-key-data["']?\s*:\s*["']?([A-Za-z0-9+/=]{40,})/g },
];

/** A name that promises a secret, and something like a value behind it. */
const assignment: RegExp =
  /(?:secret|token|passw(?:or)?d|api[_-]?key|private[_-]?key|access[_-]?key|credential)[\w-]*["']?\]?\s*[:=]\s*["'`]?([A-Za-z0-9+/_=.~-]{16,})/gi;

/** Files that hold nothing but a secret. */
const secretFile =
  /^(?:\.env(?:\..+)?|id_(?:rsa|dsa|ecdsa|ed25519)|kubeconfig|.+\.(?:pem|key|p12|pfx|jks|kubeconfig))$/;

/** Shannon's, in bits for each character: words have less than 3.5, random base64 has more. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}

/** Names in code have no digits, or few kinds of characters; 32 hexadecimal digits have 3.5 bits. */
const isRandom = (value: string): boolean =>
  /\d/.test(value) && /[a-z]/i.test(value) && entropy(value) > 3.2;

export const fingerprintOf = (value: string): string =>
  createHash('sha256').update(value).digest('hex').slice(0, 16);

type Found = { readonly line: number; readonly what: string; readonly value: string };

/** Everything in a text that looks like a secret. */
export function secretsIn(text: string): readonly Found[] {
  const at = (what: string, match: RegExpMatchArray): Found => ({
    line: text.slice(0, match.index).split('\n').length,
    what,
    value: match[1] ?? match[0],
  });
  const formed = rules.flatMap(({ what, pattern }) =>
    [...text.matchAll(pattern)].map((match) => at(what, match)),
  );
  const known = (value: string): boolean => formed.some((one) => one.value.includes(value));
  const assigned = [...text.matchAll(assignment)]
    .map((match) => at('a random value under the name of a secret', match))
    .filter(({ value }) => isRandom(value) && !known(value));
  return [...formed, ...assigned];
}

/** What looks like a secret and is not excepted, without the value itself. One line each. */
export function secretProblems(
  files: ReadonlyMap<string, string>,
  exceptions: readonly SecretException[] = secretExceptions,
): readonly string[] {
  const used = new Set<SecretException>();
  const isExcepted = (file: string, fingerprint: string): boolean => {
    const one = exceptions.find((one) => one.file === file && one.fingerprint === fingerprint);
    if (one !== undefined) used.add(one);
    return one !== undefined;
  };
  const named = [...files.keys()]
    .filter((file) => secretFile.test(basename(file)))
    .map((file) => `${file} is a file for secrets. Remove it: git rm --cached ${file}`);
  const held = [...files].flatMap(([file, text]) =>
    secretsIn(text)
      .map((found) => ({
        line: found.line,
        what: found.what,
        fingerprint: fingerprintOf(found.value),
      }))
      .filter(({ fingerprint }) => !isExcepted(file, fingerprint))
      .map(
        ({ line, what, fingerprint }) =>
          `${file}:${line} holds ${what}. Remove it and revoke it; if it is none, except ${fingerprint} in test/supply/secrets.ts.`,
      ),
  );
  const stale = exceptions
    .filter((one) => !used.has(one))
    .map(
      ({ file, fingerprint }) =>
        `${file} holds nothing with the fingerprint ${fingerprint}. Remove its exception from test/supply/secrets.ts.`,
    );
  return [...named, ...held, ...stale];
}

/** Every text file that git tracks, as it is now. */
export async function trackedFiles(root: URL): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], {
    cwd: fileURLToPath(root),
    maxBuffer: 16 * 1024 * 1024,
  });
  const names = stdout.split('\0').filter((name) => name !== '');
  const files = new Map<string, string>();
  for (const name of names) {
    // Deleted and not committed yet, or a link to a folder.
    const content = await readFile(new URL(encodeURI(name), root)).catch(() => undefined);
    if (content !== undefined && !content.includes(0)) files.set(name, content.toString());
  }
  return files;
}
