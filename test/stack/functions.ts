import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import type { FunctionUrlResult } from '../../local/lambda.ts';
import type { Functions } from '../../local/world.ts';
import { inside } from './deployed.ts';
import { artifacts } from './evaluate.ts';
import { type Lambda, startLambda } from './lambda.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

const functionSchema = z.object({
  handler: z.string(),
  timeout: z.number(),
  environment: z.object({ variables: z.record(z.string(), z.string()) }),
});

export type Bundled = Functions & {
  readonly lambdas: { readonly sweep: Lambda; readonly api: Lambda };
};

/**
 * The bundles that the stack names, with its variables and then these, on a Lambda of their own
 * each.
 */
export async function startBundles(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Bundled> {
  const stack = inject('stack');
  if (stack.kind === 'missing') throw new Error(stack.why);
  const start = async (name: string): Promise<Lambda> => {
    const {
      handler,
      timeout,
      environment: given,
    } = functionSchema.parse(inside(stack.evaluation).inputs('Function', `${name}Function`));
    const {
      EKS_CLUSTER: _cluster,
      CLUSTER_URL: _url,
      CLUSTER_CA: _ca,
      // This world has its secrets in the environment; test/aws/ has a Parameter Store.
      SECRETS_PATH: _secrets,
      ...variables
    } = given.variables;
    const ours = Object.entries(environment).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    );
    return startLambda({
      bundle: artifacts(stack.folder, name),
      handler,
      platform: await realpath(join(stack.folder, '.sst/platform')),
      environment: { ...variables, ...Object.fromEntries(ours) },
      timeoutMs: timeout * 1000,
    });
  };
  const [sweep, api] = await Promise.all([start('Sweep'), start('Api')]);
  return {
    lambdas: { sweep, api },
    sweep: async (event) => reportSchema.parse(await sweep.invoke(event)),
    api: async (event) => resultSchema.parse(await api.invoke(event)),
    close: async () => {
      await Promise.all([sweep.close(), api.close()]);
    },
  };
}

const reportSchema: z.ZodMiniType<SweepReport> = z.looseObject({
  message: z.literal('sweep'),
  trace: z.string(),
  tick: z.string(),
  hop: z.number(),
  ms: z.number(),
});
const resultSchema: z.ZodMiniType<FunctionUrlResult> = z.looseObject({ statusCode: z.number() });

/**
 * For `startWorld`: the bundles in `npm run test:stack`, and nothing, so the sources, anywhere
 * else.
 */
export const bundlesWhereDeployed = (): {
  readonly functions?: (
    environment: Readonly<Record<string, string | undefined>>,
  ) => Promise<Functions>;
} => {
  const stack: ReturnType<typeof inject<'stack'>> | undefined = inject('stack');
  return stack?.kind === 'there' ? { functions: startBundles } : {};
};
