import { defineConfig } from 'vitest/config';

/** `npm run test:bench`: the small form of every part of `npm run bench`. */
export default defineConfig({
  test: {
    include: ['test/bench/parts.test.ts'],
    pool: 'forks',
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    // Each part takes at most 8 s, and much more beside other work.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
