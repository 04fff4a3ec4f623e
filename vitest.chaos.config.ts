import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** `npm run test:chaos`: sweeps in virtual time while everything around them goes wrong. */
export default defineConfig({
  test: {
    // The long run and a replay are about seeds only.
    include: ['CHAOS_SEED', 'CHAOS_SEEDS'].some((name) => process.env[name] !== undefined)
      ? ['test/chaos/*-seeds.test.ts']
      : ['test/chaos/*.test.ts'],
    pool: 'forks',
    // Each file computes by itself and shares nothing.
    maxWorkers: availableParallelism(),
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
