import { defineConfig } from 'vitest/config';

/** `npm run test:clients`: MCP clients in Python and the inspector start `muster connect`. */
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    globalSetup: 'test/clients/setup.ts',
    pool: 'forks',
    setupFiles: ['test/world/leaks.ts'],
    // Each client is a process that starts another one.
    maxConcurrency: 3,
    env: {
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
