import { defineConfig } from 'vitest/config';

/** `npm run test:store`: the contract of the store on MiniStack, an AWS that others wrote. */
export default defineConfig({
  test: {
    include: ['test/contract/store-on-ministack.test.ts'],
    globalSetup: 'test/contract/ministack-setup.ts',
    pool: 'forks',
    setupFiles: ['test/world/leaks.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
