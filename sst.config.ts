/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app: ({ stage }) => ({
    name: 'muster',
    home: 'aws',
    removal: stage === 'production' ? 'retain' : 'remove',
    protect: stage === 'production',
    providers: { aws: { region: process.env['AWS_REGION'] as aws.Region } },
  }),
  // SST forbids static imports here: it reads app() before the platform is there.
  run: async () => {
    const { readArguments } = await import('./infra/arguments.ts');
    const { muster } = await import('./infra/muster.ts');
    return muster(readArguments(process.env));
  },
});
