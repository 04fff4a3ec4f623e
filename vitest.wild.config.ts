import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { caseTableReporter } from './test/wild/case-table-reporter.ts';

/** `npm run test:wild`: sign-in with the servers and issuers that people have, case by case. */
export default defineConfig({
  plugins: [
    {
      name: 'case-table',
      // Not in `reporters`: `.ci/run` chooses reporters of its own.
      configureVitest: ({ vitest }) => {
        const { reporters } = vitest.config;
        if (!reporters.includes(caseTableReporter)) reporters.push(caseTableReporter);
      },
    },
  ],
  test: {
    include: ['test/wild/**/*.test.ts'],
    pool: 'forks',
    // One for each core: the tests wait more than they compute, and vitest would leave one out.
    maxWorkers: availableParallelism(),
    // Each case is a person, an endpoint, a server and an issuer of its own.
    sequence: { concurrent: true },
    maxConcurrency: 6,
    env: {
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
    // A few wait for what takes a minute.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
