import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { Locked } from './lock.ts';

/** They ask for no more than that their text goes along. By SPDX identifier. */
const permissive: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

export type LicenseException = {
  /** A `*` at the end stands for the builds of one package for each platform. */
  readonly name: string;
  readonly license: string;
  readonly reason: string;
};

/** Not permissive, and allowed where we develop and test; never in what is deployed. */
export const developmentExceptions: readonly LicenseException[] = [
  {
    name: '@axe-core/playwright',
    license: 'MPL-2.0',
    reason: 'tests the site for accessibility in a browser',
  },
  {
    name: 'axe-core',
    license: 'MPL-2.0',
    reason: 'comes with @axe-core/playwright; the test puts it into the page, the site has none',
  },
  {
    name: '@cloud-copilot/iam-policy',
    license: 'AGPL-3.0-or-later',
    reason: 'comes with @cloud-copilot/iam-simulate',
  },
  {
    name: '@cloud-copilot/iam-simulate',
    license: 'AGPL-3.0-or-later',
    reason:
      'test/stack asks it whether the policies of the functions suffice; unchanged, not served',
  },
  {
    name: '@cloud-copilot/iam-utils',
    license: 'AGPL-3.0-or-later',
    reason: 'comes with @cloud-copilot/iam-simulate',
  },
  {
    name: '@img/sharp-libvips-*',
    license: 'LGPL-3.0-or-later',
    reason: 'Astro takes it for images while it builds the site',
  },
  {
    name: '@img/sharp-wasm32',
    license: 'Apache-2.0 AND LGPL-3.0-or-later AND MIT',
    reason: 'the same, where there is no native build',
  },
  {
    name: '@img/sharp-win32-*',
    license: 'Apache-2.0 AND LGPL-3.0-or-later',
    reason: 'the same, for Windows',
  },
  {
    name: '@modelcontextprotocol/server-everything',
    license: 'SEE LICENSE IN LICENSE',
    reason:
      'the reference server that npm start and the tests probe; its project is MIT and Apache-2.0',
  },
  {
    name: 'elkjs',
    license: 'EPL-2.0',
    reason: 'draws the diagrams while the site is built; the pages hold its pictures only',
  },
  {
    name: 'lightningcss',
    license: 'MPL-2.0',
    reason: 'Vite takes it to make style sheets smaller while it builds',
  },
  {
    name: 'lightningcss-*',
    license: 'MPL-2.0',
    reason: 'the builds of lightningcss for each platform',
  },
];

/** Whether an SPDX expression lets us choose permissive licenses only. AND binds before OR. */
export function isPermissive(expression: string): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  const term = (): boolean => {
    const token = tokens.shift() ?? '';
    if (token !== '(') return permissive.has(token);
    const inner = either();
    return tokens.shift() === ')' && inner;
  };
  const chain = (operator: string, part: () => boolean): readonly boolean[] => {
    const parts = [part()];
    while (tokens[0] === operator) {
      tokens.shift();
      parts.push(part());
    }
    return parts;
  };
  const all = (): boolean => chain('AND', term).every(Boolean);
  const either = (): boolean => chain('OR', all).some(Boolean);
  return either() && tokens.length === 0;
}

const fits = ({ name }: LicenseException, { name: other }: Locked): boolean =>
  name.endsWith('*') ? other.startsWith(name.slice(0, -1)) : other === name;

/** Which packages have a license that they must not have here, and what to do. One line each. */
export function licenseProblems(
  packages: readonly Locked[],
  exceptions: readonly LicenseException[] = developmentExceptions,
): readonly string[] {
  const problems = packages.flatMap((one) => {
    const { name, version, license, isDeployed } = one;
    if (license !== undefined && isPermissive(license)) return [];
    const has = license === undefined ? 'names no license' : `has the license ${license}`;
    if (isDeployed)
      return [
        `${name} ${version} is deployed and ${has}. Choose another package; if the license is permissive, add it to test/supply/licenses.ts.`,
      ];
    const excepted = exceptions.filter((exception) => fits(exception, one));
    if (excepted.some((exception) => exception.license === license)) return [];
    return [
      `${name} ${version} ${has}. Choose another package, or add an exception with its reason to test/supply/licenses.ts.`,
    ];
  });
  const stale = exceptions
    .filter((exception) => !packages.some((one) => fits(exception, one)))
    .map(({ name }) => `${name} is gone. Remove its exception from test/supply/licenses.ts.`);
  return [...problems, ...stale];
}

const manifestSchema = z.object({
  license: z.optional(z.union([z.string(), z.object({ type: z.string() })])),
});

/**
 * The packages with the license that the installed one names itself; builds for other platforms are
 * not installed and keep what the lock file says.
 */
export const withInstalledLicenses = (
  packages: readonly Locked[],
  root: URL,
): Promise<readonly Locked[]> =>
  Promise.all(
    packages.map(async (one) => {
      const file = new URL(`${one.path}/package.json`, root);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return one;
      const { license } = manifestSchema.parse(JSON.parse(text));
      return { ...one, license: typeof license === 'object' ? license.type : license };
    }),
  );
