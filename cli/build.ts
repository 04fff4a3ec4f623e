/**
 * `node cli/build.ts [FILE]` builds the command line, by default into `dist/muster.cjs` and
 * `dist/muster-chunks/`.
 */
import { join, resolve } from 'node:path';
import { bundle, root } from './package/bundle.ts';

const [file] = process.argv.slice(2);
await bundle(file === undefined ? join(root, 'dist/muster.cjs') : resolve(file));
