import { defineConfig } from 'vitest/config';

const eachPermission = 'test/aws/each-permission.test.ts';
const takesEachAway = process.env['AWS_PERMISSIONS'] !== undefined;

/**
 * `npm run test:aws`: the deployed form on MiniStack, and cfn-lint on its template. With
 * `AWS_PERMISSIONS=1` instead the steps that fail without each permission: some minutes.
 */
export default defineConfig({
  test: {
    include: takesEachAway ? [eachPermission] : ['test/aws/**/*.test.ts'],
    exclude: takesEachAway ? [] : [eachPermission],
    globalSetup: 'test/aws/setup.ts',
    pool: 'forks',
    // Two deployments mostly wait: each has its own emulator.
    maxWorkers: 3,
    setupFiles: ['test/world/leaks.ts'],
    env: { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
