import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { tallyReporter } from './test/hostile/tally-reporter.ts';

// The AWS clients want them even towards stand-ins on loopback.
const env = { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const patience = { pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000, env } as const;

/**
 * `npm run test:hostile`: every attack. The tables and the tests that are beside the modules also
 * run under `npm test`; the fuzz and the load run here only.
 */
export default defineConfig({
  plugins: [
    {
      name: 'tally',
      // Not in `reporters`: `.ci/run` chooses reporters of its own.
      configureVitest: ({ vitest }) => {
        const { reporters } = vitest.config;
        if (!reporters.includes(tallyReporter)) reporters.push(tallyReporter);
      },
    },
  ],
  test: {
    // The tests wait more than they compute.
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          ...patience,
          name: 'attacks',
          include: [
            'test/hostile/*.test.ts',
            'test/leaks.test.ts',
            'test/cli/{auth,endpoint,token-store}/**/*.test.ts',
            'test/cli/api/request.test.ts',
            'test/cli/output/**/*.test.ts',
            'test/contract/store.test.ts',
            'test/functions/adapters/dynamodb/**/*.test.ts',
            'test/functions/adapters/mcp/**/*.test.ts',
            'test/functions/adapters/network/**/*.test.ts',
            'test/functions/adapters/oauth/**/*.test.ts',
            'test/functions/model/outside*.test.ts',
            'test/functions/routes/**/*.test.ts',
            'test/functions/sessions/**/*.test.ts',
            'test/functions/{outbox,overload,settings}.test.ts',
            'test/functions/reachability/{disruption,fanout}.test.ts',
            'test/cli/commands/{sign-in/auth-keys,contexts}.test.ts',
            'test/**/*hostile*.test.ts',
          ],
          setupFiles: ['test/world/leaks.ts'],
        },
      },
      {
        extends: true,
        // Without the watch for leaks: it remembers each token, and there may be a million.
        test: { ...patience, name: 'fuzz', include: ['test/hostile/fuzz/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          ...patience,
          name: 'load',
          include: ['test/hostile/load/**/*.test.ts'],
          // It measures: nothing else runs beside it.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
