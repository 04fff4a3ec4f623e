import { defineConfig } from 'vitest/config';

/** `npm run test:aws`: what needs an AWS, on MiniStack. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
