/**
 * The endpoints of `bench/list/list.ts`, one for each cluster, served as `npm start` serves them.
 * A second listener says what the process has used, and calls the function without HTTP.
 */
import { subscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { createApi } from '../../functions/api.ts';
import { functionUrlHandler } from '../../functions/routes/function-url.ts';
import { contextOf, eventOf, startFunctionUrl } from '../../local/lambda.ts';
import { listenLocally } from '../../local/listen.ts';

const sent = new Map<string, number>();
subscribe('http.client.request.start', (message) => {
  const { request } = z
    .object({ request: z.object({ host: z.string(), path: z.string() }) })
    .parse(message);
  const [what] = request.path.split('?');
  sent.set(what ?? '', (sent.get(what ?? '') ?? 0) + 1);
});

const handlers: ReturnType<typeof functionUrlHandler>[] = [];
const urls: string[] = [];
for (const kubeconfig of z.array(z.string()).parse(JSON.parse(process.env['KUBECONFIGS'] ?? ''))) {
  // The settings need the address, and the address is there before the function.
  const index = handlers.length;
  const { url } = await startFunctionUrl({
    handler: async (event, context) => handlers[index]?.(event, context) ?? { statusCode: 503 },
  });
  const environment = { ...process.env, KUBECONFIG_YAML: kubeconfig, PUBLIC_URL: url };
  const handler = functionUrlHandler(createApi(environment));
  handlers.push(handler);
  urls.push(url);
}

/** CPU of this process, and its requests to others, since the last question. */
let cpu = process.cpuUsage();
const used = () => {
  const { user, system } = process.cpuUsage(cpu);
  const answer = { cpuMs: (user + system) / 1_000, sent: Object.fromEntries(sent) };
  cpu = process.cpuUsage();
  sent.clear();
  return answer;
};

const { url } = await listenLocally(
  createServer((request, response) => {
    const answer = async (): Promise<unknown> => {
      const query = new URL(request.url ?? '/', 'http://bench').searchParams;
      const path = query.get('path');
      if (path === null) return used();
      const { authorization = '', 'accept-encoding': encoding } = request.headers;
      const headers = { authorization, 'accept-encoding': encoding };
      const event = eventOf({ method: 'GET', url: path, host: '127.0.0.1', headers });
      const started = performance.now();
      const result = await handlers[Number(query.get('fleet'))]?.(event, contextOf('bench'));
      // As the runtime of Lambda sends it on.
      const bytes = Buffer.byteLength(JSON.stringify(result));
      return { ms: performance.now() - started, bytes };
    };
    answer().then(
      (said) => response.end(JSON.stringify(said)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }),
);
process.send?.({ urls, control: url });
process.once('disconnect', () => process.exit());
