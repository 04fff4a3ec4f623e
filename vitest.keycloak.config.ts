import { defineConfig } from 'vitest/config';

/** `npm run test:keycloak`: sign-in with a real Keycloak. */
export default defineConfig({
  test: {
    include: ['test/keycloak/**/*.test.ts'],
    globalSetup: 'test/keycloak/setup.ts',
    pool: 'forks',
    setupFiles: ['test/world/leaks.ts'],
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
