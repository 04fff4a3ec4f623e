import { defineConfig } from 'vitest/config';

/** `npm run test:browser`: the built site in a real Chromium. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    pool: 'forks',
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    // A browser beside four other processes on two cores misses a frame now and then; what is
    // broken stays broken the second time.
    // Two pages at a time, for two cores.
    maxConcurrency: 2,
    retry: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
