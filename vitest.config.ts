import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Needs sst install: npm run test:stack. Needs a Chromium: npm run test:browser. Needs a real
    // API server: npm run test:cluster. Needs Java: npm run test:keycloak. Needs clients in
    // Python: npm run test:clients. Take long: npm run test:hostile, test:wild, test:chaos.
    exclude: [
      'test/aws/**',
      'test/stack/**',
      'test/browser/**',
      'test/cluster/**',
      'test/clients/**',
      'test/keycloak/**',
      'test/chaos/**',
      'test/wild/**',
      'test/hostile/{fuzz,load}/**',
    ],
    pool: 'forks',
    // One for each core: the tests wait more than they compute, and vitest would leave one out.
    maxWorkers: availableParallelism(),
    // Every test file fails that prints, logs or stores a secret.
    setupFiles: ['test/world/leaks.ts'],
    // The AWS clients want them even towards stand-ins on loopback.
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
