import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Listening, listen } from '../../local/listen.ts';

export const built = new URL('../../site/dist/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.xml': 'application/xml',
};

/** The built site on loopback, as a host of static files serves it. */
export const serveSite = (): Promise<Listening> =>
  listen(
    createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://site');
      const path = `.${decodeURIComponent(pathname)}${pathname.endsWith('/') ? 'index.html' : ''}`;
      const file = new URL(path, built);
      const send = (status: number, type: string) => (body: Buffer) =>
        response
          .writeHead(status, {
            'content-type': type,
            'content-encoding': 'gzip',
            'cache-control': 'no-cache',
          })
          .end(gzipSync(body));
      const isInside = fileURLToPath(file).startsWith(fileURLToPath(built));
      (isInside ? readFile(file) : Promise.reject(new Error('outside'))).then(
        send(200, types[extname(path)] ?? 'application/octet-stream'),
        () =>
          readFile(new URL('404.html', built)).then(send(404, 'text/html; charset=utf-8'), () =>
            response.writeHead(500).end(),
          ),
      );
    }),
  );
