import { createApi } from '../../functions/api.ts';
import { functionUrlHandler } from '../../functions/routes/function-url.ts';
import type { Environment } from '../../functions/model/setting-reader.ts';
import { type FunctionUrlHandler, startFunctionUrl } from '../../local/lambda.ts';
import type { Listening } from '../../local/listen.ts';
import type { World } from '../../local/world.ts';

/** One more endpoint of a world, with settings of its own: the same cluster, the same table. */
export async function startOwnEndpoint(
  world: Pick<World, 'environment'>,
  settingsOf: (url: string) => Environment,
): Promise<Listening> {
  let answer: FunctionUrlHandler = async () => ({ statusCode: 503 });
  const listening = await startFunctionUrl({
    handler: (event, context) => answer(event, context),
  });
  answer = functionUrlHandler(
    createApi({ ...world.environment, PUBLIC_URL: listening.url, ...settingsOf(listening.url) }),
  );
  return listening;
}
