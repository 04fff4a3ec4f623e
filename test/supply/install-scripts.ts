import type { Locked } from './lock.ts';

/**
 * `allowScripts` of package.json is what npm goes by: true lets a package run its scripts when it is
 * installed, false does not. With `strict-allow-scripts` in .npmrc an unknown one ends `npm ci`.
 */
export function installScriptProblems(
  packages: readonly Locked[],
  allowed: Readonly<Record<string, boolean>>,
): readonly string[] {
  const withScripts = packages.filter(({ hasInstallScript }) => hasInstallScript);
  const unknown = withScripts
    .filter(({ name }) => allowed[name] === undefined)
    .map(
      ({ name, version }) =>
        `${name} ${version} runs a script when it is installed. Read the script, then run: npm deny-scripts ${name} (or npm approve-scripts ${name})`,
    );
  const names = new Set(withScripts.map(({ name }) => name));
  const stale = Object.keys(allowed)
    .filter((name) => !names.has(name))
    .map((name) => `${name} runs no script. Remove it from allowScripts in package.json.`);
  return [...unknown, ...stale];
}
