import { defineConfig } from 'vitest/config';

/** `npm run test:stack`: sst.config.ts, and the bundles that it deploys. */
export default defineConfig({
  test: {
    // The end-to-end suite runs on the bundles here.
    include: ['test/stack/**/*.test.ts', 'test/end-to-end.test.ts'],
    globalSetup: 'test/stack/setup.ts',
    pool: 'forks',
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
