/** A bare node:http server that sends the bytes that were put there: the limit of `bench/list/list.ts`. */
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenLocally } from '../../local/listen.ts';

const bodies = new Map<string, { readonly encoding: string | undefined; readonly bytes: Buffer }>();
const { url } = await listenLocally(
  createServer((request, response) => {
    const path = request.url ?? '/';
    if (request.method === 'PUT') {
      void buffer(request).then((bytes) => {
        bodies.set(path, { encoding: request.headers['content-encoding'], bytes });
        response.end();
      });
      return;
    }
    const body = bodies.get(path);
    response.setHeader('content-type', 'application/json');
    if (body?.encoding !== undefined) response.setHeader('content-encoding', body.encoding);
    response.end(body?.bytes);
  }),
);
process.send?.({ url });
process.once('disconnect', () => process.exit());
