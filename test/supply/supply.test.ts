import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, bundleProblems, bundles, withBundled } from './bundles.ts';
import { installScriptProblems } from './install-scripts.ts';
import {
  developmentExceptions,
  isPermissive,
  licenseProblems,
  withInstalledLicenses,
} from './licenses.ts';
import { type Locked, readLock, untrusted } from './lock.ts';
import { sbomOf, sbomProblems } from './sbom.ts';
import { entropy, fingerprintOf, secretProblems } from './secrets.ts';

const root = new URL('../../', import.meta.url);
let real: readonly Locked[];
beforeAll(async () => {
  real = await readLock(new URL('package-lock.json', root));
});

const planted = (change: Partial<Locked> = {}): Locked => ({
  path: 'node_modules/planted',
  name: 'planted',
  version: '1.2.3',
  license: 'MIT',
  integrity: 'sha512-AAAA',
  isDeployed: true,
  hasInstallScript: false,
  ...change,
});

describe('the lock file', () => {
  test('all of ours comes from the registry with a digest', () => {
    expect(real.length).toBeGreaterThan(100);
    expect(untrusted(real)).toEqual([]);
  });

  test.each([
    [{ resolved: 'git+ssh://git@example.com/planted.git#1' }, 'comes from git+ssh://'],
    [{ resolved: 'http://example.com/planted.tgz' }, 'comes from http://example.com'],
    [{ integrity: undefined }, 'has no SHA-512'],
    [{ integrity: 'sha1-AAAA' }, 'has no SHA-512'],
  ])('%j is caught', (change, words) => {
    const problems = untrusted([planted(change)]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`planted 1.2.3 ${words}`);
  });
});

describe('licenses', () => {
  test.each([
    ['MIT', true],
    ['GPL-3.0-only', false],
    ['(MIT OR GPL-3.0-or-later)', true],
    ['GPL-3.0-only OR (ISC AND MIT)', true],
    ['MIT AND LGPL-3.0-or-later', false],
    ['MIT OR ISC AND GPL-3.0-only', true],
    ['(MIT OR ISC) AND GPL-3.0-only', false],
    ['(MIT', false],
    ['MIT)', false],
    ['mit', false],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['', false],
  ])('%j is permissive: %s', (expression, expected) => {
    expect(isPermissive(expression)).toBe(expected);
  });

  test.each(['AGPL-3.0-or-later', 'SSPL-1.0', 'UNLICENSED', 'Made-Up-1.0', undefined])(
    '%s in what is deployed is caught, exception or not',
    (license) => {
      const exception = { name: 'planted', license: license ?? '', reason: 'planted' };
      const problems = licenseProblems([planted({ license })], [exception]);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^planted 1\.2\.3 is deployed and .*Choose another package/);
    },
  );

  test('in what is for development it is caught without an exception, and with one it is not', () => {
    const one = planted({ license: 'EPL-2.0', isDeployed: false });
    expect(licenseProblems([one], [])).toEqual([
      'planted 1.2.3 has the license EPL-2.0. Choose another package, or add an exception with its reason to test/supply/licenses.ts.',
    ]);
    const exception = { name: 'planted', license: 'EPL-2.0', reason: 'planted' };
    expect(licenseProblems([one], [exception])).toEqual([]);
    // Its license changed after the exception was made.
    expect(licenseProblems([{ ...one, license: 'BUSL-1.1' }], [exception])).toHaveLength(1);
    expect(licenseProblems([planted({ path: 'b', name: 'b' })], [exception])).toEqual([
      'planted is gone. Remove its exception from test/supply/licenses.ts.',
    ]);
  });

  test('what the installed package says counts, not what the lock file says', async () => {
    const box = await mkdtemp(join(tmpdir(), 'muster-supply-'));
    await writeFile(join(box, 'package.json'), '{"license":"SSPL-1.0"}');
    const [one] = await withInstalledLicenses([planted({ path: '.' })], pathToFileURL(`${box}/`));
    expect(one?.license).toBe('SSPL-1.0');
    await rm(box, { recursive: true });
  });

  test('every exception has a reason', () => {
    for (const { reason } of developmentExceptions) expect(reason.length).toBeGreaterThan(10);
  });
});

describe('bundles', () => {
  let built: readonly Bundle[];
  beforeAll(async () => {
    built = await bundles(root);
  });

  test('ours hold nothing that is for development', () => {
    expect(built.map(({ name }) => name)).toEqual([
      'functions/sweep.ts',
      'functions/api.ts',
      'cli/muster.ts',
    ]);
    // The event-stream parser of the bridge, and the widths of characters that are not ASCII.
    expect(built.at(-1)?.packages).toEqual([
      'node_modules/eventsource-parser',
      'node_modules/fast-string-truncated-width',
      'node_modules/fast-string-width',
    ]);
    expect(bundleProblems(built, real)).toEqual([]);
  });

  test('a development dependency in one is caught, and counts as deployed', () => {
    const dev = planted({ isDeployed: false, license: 'AGPL-3.0-only' });
    const one = [{ name: 'functions/api.ts', packages: [dev.path] }];
    expect(bundleProblems(one, [dev], new Map())).toEqual([
      'functions/api.ts bundles node_modules/planted, a development dependency. Move it to dependencies in package.json.',
    ]);
    expect(licenseProblems(withBundled([dev], one), [])[0]).toContain('is deployed and has');
  });

  test('an optional part that is in no bundle any more is caught', () => {
    expect(bundleProblems([], [], new Map([['node_modules/gone', 'planted']]))).toEqual([
      'node_modules/gone is in no bundle. Remove it from test/supply/bundles.ts.',
    ]);
  });
});

describe('the SBOM', () => {
  test('lists all that is deployed by name, version, license and digest, and no more', async () => {
    const deployed = real.filter(({ isDeployed }) => isDeployed);
    const { text, sbom } = await sbomOf(root, real);
    expect(sbomProblems(sbom, real)).toEqual([]);
    expect(sbom.components).toHaveLength(deployed.length);
    expect(JSON.parse(text)).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { name: 'muster-serverless' } },
      components: expect.arrayContaining([
        expect.objectContaining({
          name: 'hono',
          purl: expect.stringMatching(/^pkg:npm\/hono@/),
          licenses: [{ license: { id: 'MIT' } }],
          hashes: [{ alg: 'SHA-512', content: expect.any(String) }],
        }),
      ]),
    });
  }, 60_000);

  test('a deployed package that is missing is caught', () => {
    expect(sbomProblems({ bomFormat: 'CycloneDX', components: [] }, [planted()])).toEqual([
      'planted 1.2.3 is not in the SBOM. Run npm install, so that package-lock.json is whole.',
    ]);
  });
});

describe('install scripts', () => {
  test('npm itself refuses an unknown one', async () => {
    expect(await readFile(new URL('.npmrc', root), 'utf8')).toContain(
      'strict-allow-scripts=true\n',
    );
  });

  test('an undecided one is caught; a decision is true or false', () => {
    const one = planted({ hasInstallScript: true });
    expect(installScriptProblems([one], {})).toEqual([
      'planted 1.2.3 runs a script when it is installed. Read the script, then run: npm deny-scripts planted (or npm approve-scripts planted)',
    ]);
    expect(installScriptProblems([one], { planted: true })).toEqual([]);
    expect(installScriptProblems([one], { planted: false })).toEqual([]);
  });

  test('a decision about nothing is caught', () => {
    expect(installScriptProblems([planted()], { planted: true })).toEqual([
      'planted runs no script. Remove it from allowScripts in package.json.',
    ]);
  });
});

describe('secrets', () => {
  /** A caret is taken out before the check: this file itself holds no secrets. */
  const whole = (text: string): string => text.replaceAll('^', '');
  const random = (length: number): string =>
    'q7Zr2Kx9Wm4Tb8Lc1Vn6Hd3Pf5Js0Gy'.repeat(5).slice(0, length);
  const base64url = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const pem = (kind: string): string =>
    `-----BEGIN ${kind}PRIV^ATE KEY-----\n${random(64)}\n-----END ${kind}PRIV^ATE KEY-----`;
  const jwt = `${base64url({ alg: 'ES256' })}.${base64url({ sub: 'ada', exp: 1 })}.${random(40)}`;
  const pair = (name: string, value: string, quote = "'"): string =>
    `const ${name} = ${quote}${value}${quote};`;

  test.each([
    ['a private key', pem('')],
    ['a private key', pem('EC ')],
    ['a private key', pem('OPENSSH ')],
    ['a private key in base64', `key: ${Buffer.from(whole(pem('RSA '))).toString('base64')}`],
    ['a private key as JWK', `{"kty":"EC","d":"${random(43)}"}`],
    ['an AWS access key', 'id = AK^IAABCDEFGHIJKLMNOP'],
    ['a JWT', `authorization: Bearer ${jwt}`],
    ['a GitHub token', `gh^p_${random(36)}`],
    ['a GitHub token', `gi^thub_pat_${random(40)}`],
    ['a Slack token', `xo^xb-1234567890-${random(20)}`],
    ['a Slack token', `https://ho^oks.slack.com/services/T0/B0/${random(24)}`],
    ['an npm token', `np^m_${random(36)}`],
    ['an npm token', `//registry.example.com/:_a^uthToken=${random(20)}`],
    ['a Google API key', `AI^za${random(35)}`],
    ['a kubeconfig key', `    client-key-data: ${random(120)}`],
    ['a random value under the name of a secret', pair('clientSecret', random(24))],
    ['a random value under the name of a secret', pair('DB_PASSWORD', random(20), '"')],
    ['a random value under the name of a secret', `"api_key": "${random(32)}"`],
    ['a random value under the name of a secret', `    token: ${random(40)}`],
    ['a random value under the name of a secret', `export API_TOKEN=${random(32)}`],
    ['a random value under the name of a secret', `environment['SECRET'] = '${random(24)}'`],
  ])('%s is caught, and not printed: %#', (what, text) => {
    const problems = secretProblems(new Map([['a/file.ts', whole(`first\n${text}\n`)]]), []);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(new RegExp(`^a/file\\.ts:\\d holds ${what}\\. Remove it`));
    expect(problems.join('\n')).not.toContain(random(12));
  });

  test.each(['.env', 'deep/.env.local', 'id_ed25519', 'tls/server.key', 'ca.pem', 'kubeconfig'])(
    'the file %s is caught by its name',
    (file) => {
      expect(secretProblems(new Map([[file, '']]), [])[0]).toContain(`git rm --cached ${file}`);
    },
  );

  test.each([
    'const refreshToken = readRefreshToken(settings);',
    "clientSecret: 'the-client-secret-of-muster-exchange',",
    "import { tokenVerifier } from './token-verifier.ts';",
    '//registry.example.com/:_authToken=${NPM_TOKEN}',
    'TokenKeys "k1:$(openssl rand -base64 32)"',
    '-----BEGIN CERTIFICATE-----',
  ])('%s is no secret', (text) => {
    expect(secretProblems(new Map([['a.ts', text]]), [])).toEqual([]);
  });

  test('an exception is for one value in one file, and is caught when that is gone', () => {
    const text = pair('token', random(24));
    const file = 'test/a.ts';
    const exception = { file, fingerprint: fingerprintOf(random(24)), reason: 'planted' };
    expect(secretProblems(new Map([[file, text]]), [exception])).toEqual([]);
    const elsewhere = secretProblems(new Map([['b.ts', text]]), [exception]);
    expect(elsewhere).toHaveLength(2);
    const another = secretProblems(new Map([[file, pair('token', random(30))]]), [exception]);
    expect(another).toHaveLength(2);
  });

  test('entropy is in bits for each character', () => {
    expect(entropy('aaaa')).toBe(0);
    expect(entropy('abcd')).toBe(2);
  });
});
