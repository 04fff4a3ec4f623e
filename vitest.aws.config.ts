import { defineConfig } from 'vitest/config';

/** `npm run test:aws`: what needs an AWS, on MiniStack. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/world/leaks.ts'],
    env: { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
