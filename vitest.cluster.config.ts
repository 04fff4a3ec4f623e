import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`: the suites that a real API server has to pass, too. */
export default defineConfig({
  test: {
    include: [
      'test/cluster/**/*.test.ts',
      'test/contract/cluster.test.ts',
      'test/functions/sweep.test.ts',
      'test/end-to-end.test.ts',
      // Set where test/cluster/isolated-services.test.ts has made a network for it.
      ...(process.env['SERVICE_ADDRESS'] === undefined
        ? []
        : ['test/contract/service-proxy.test.ts']),
    ],
    globalSetup: 'test/cluster/setup.ts',
    pool: 'forks',
    // One API server for all files: each empties it before it begins.
    fileParallelism: false,
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
