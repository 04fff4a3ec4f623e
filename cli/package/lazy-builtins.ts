import type { Plugin } from 'rolldown';

/**
 * What takes Node 1 to 5 ms to load, and what a command may not need: `muster list` at an http
 * address reads no key, starts no program and writes no file (`docs/performance.md`).
 */
const costly: ReadonlySet<string> = new Set([
  'child_process',
  'crypto',
  'dns/promises',
  'fs/promises',
  'http',
  'https',
  'os',
  'readline',
  'readline/promises',
  'timers/promises',
  'tls',
  'zlib',
]);

const mark = '\0lazy:';

/**
 * Loads costly modules of Node when a function of theirs is called for the first time, not when the
 * chunk that imports them is. For functions and classes that are called or constructed by name:
 * a class of these modules cannot be extended, nor `promisify.custom` be read.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  resolveId: (id) => {
    const name = id.replace(/^node:/, '');
    return id.startsWith('node:') && costly.has(name) ? `${mark}${name}` : undefined;
  },
  load: (id) => {
    if (!id.startsWith(mark)) return undefined;
    const name = id.slice(mark.length);
    const names = Object.entries(process.getBuiltinModule(name) ?? {})
      .filter(([key, value]) => key !== 'default' && typeof value === 'function')
      .map(([key]) => key);
    return [
      // Without "node:", so that it is not resolved to this module again.
      `const load = () => require('${name}');`,
      ...names.map(
        (key) => `export function ${key}(...given) {
          const own = load().${key};
          return new.target ? new own(...given) : own(...given);
        }`,
      ),
    ].join('\n');
  },
};
