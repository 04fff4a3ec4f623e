import { defineConfig } from 'vitest/config';

/** `npm run test:aws`: the deployed form on MiniStack, and cfn-lint on its template. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: 'test/aws/setup.ts',
    pool: 'forks',
    // Two deployments mostly wait: each has its own emulator.
    maxWorkers: 3,
    setupFiles: ['test/world/leaks.ts'],
    env: { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
