import { defineConfig } from 'vitest/config';

/** `npm run test:chaos`: sweeps in virtual time while everything around them goes wrong. */
export default defineConfig({
  test: {
    include: ['test/chaos/**/*.test.ts'],
    pool: 'forks',
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
