/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app: ({ stage }) => ({
    name: 'muster',
    home: 'aws',
    removal: stage === 'production' ? 'retain' : 'remove',
    protect: stage === 'production',
    providers: { aws: regionOrReason() },
  }),
  // SST forbids static imports here: it reads app() before the platform is there.
  run: async () => {
    const { readArguments } = await import('./infra/arguments.ts');
    const { muster } = await import('./infra/muster.ts');
    return muster(readArguments(process.env));
  },
});

/**
 * Without a region SST would make its buckets in us-east-1 before it runs anything of ours. What
 * app() throws is printed as an unexpected error, without its message. The name of a profile that is
 * not there is printed, before anything is made.
 */
function regionOrReason() {
  const region = process.env['AWS_REGION'];
  return region
    ? { region: region as aws.Region }
    : { profile: 'AWS_REGION is not set. Add it to .env, for example AWS_REGION=eu-central-1' };
}
