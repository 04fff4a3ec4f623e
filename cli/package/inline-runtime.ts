import type { Plugin } from 'rolldown';

const runtime = 'rolldown-runtime.cjs';

/**
 * Puts the helper of the bundler, 240 bytes, into each chunk that uses it: as a file of its own it
 * takes every command 0.4 ms.
 */
export const inlineRuntime: Plugin = {
  name: 'inline-runtime',
  generateBundle: (_options, bundled) => {
    const helper = bundled[runtime];
    if (helper?.type !== 'chunk') return;
    const inlined = `(()=>{const exports={};${helper.code.replace('"use strict";', '')}return exports})()`;
    for (const chunk of Object.values(bundled))
      if (chunk.type === 'chunk')
        chunk.code = chunk.code.replace(`require("./${runtime}")`, () => inlined);
    delete bundled[runtime];
  },
};
