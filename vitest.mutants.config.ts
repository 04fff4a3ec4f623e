import { defineConfig } from 'vitest/config';
import { mutantsPlugin } from './test/mutants/plugin.ts';

/** `npm run test:mutants`: whether the tests of the two flows notice each small mistake in them. */
export default defineConfig({
  plugins: [mutantsPlugin()],
  test: {
    include: ['test/mutants/*.mutants.ts'],
    pool: 'forks',
    env: { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 3_600_000,
    // A mutant may leave a promise behind that nobody waits for.
    dangerouslyIgnoreUnhandledErrors: true,
  },
});
