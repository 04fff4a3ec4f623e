import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Need sst install: npm run test:stack, test:aws. Needs a Chromium: npm run test:browser. Needs a real
    // API server: npm run test:cluster. Needs Java: npm run test:keycloak. Needs clients in
    // Python: npm run test:clients. Needs MiniStack: npm run test:store.
    // Take long: npm run test:bench, test:hostile, test:wild, test:chaos.
    exclude: [
      'test/aws/**',
      'test/stack/**',
      'test/aws/**',
      'test/bench/parts.test.ts',
      'test/browser/**',
      'test/cluster/**',
      'test/clients/**',
      'test/keycloak/**',
      'test/chaos/**',
      'test/contract/*-on-ministack.test.ts',
      'test/wild/**',
      'test/hostile/{fuzz,load}/**',
    ],
    pool: 'forks',
    // One more than cores: the tests wait half of their time, and vitest would leave one out.
    maxWorkers: availableParallelism() + 1,
    // Every test file fails that prints, logs or stores a secret.
    setupFiles: ['test/world/leaks.ts'],
    // The AWS clients want them even towards stand-ins on loopback.
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
