/** The built site beside the endpoint, at the same address. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getMimeType } from 'hono/utils/mime';
import { endpointRoots } from '../functions/model/endpoint-paths.ts';
import { liveHeaders } from '../functions/model/live-page.ts';

/** Answers a request; false leaves it to the endpoint. */
export type FileServer = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** What belongs to the endpoint, whatever the folder has. */
const isOfEndpoint = (pathname: string): boolean =>
  endpointRoots.some((root) => `${pathname}/`.startsWith(`/${root}/`));

/** Whether `npm run site:build` has been here. */
export const isBuilt = (folder: URL): boolean => existsSync(new URL('live/index.html', folder));

/**
 * Serves the files of a folder, as a web server does: `index.html` of a folder, `404.html` for what
 * is not there. The folder is read for each request: the site may be built at any time. Until then,
 * the start page and the live page say how.
 */
export function siteFiles(folder: URL): FileServer {
  return async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const address = URL.parse(`http://127.0.0.1${url}`);
    if (address === null || !/^(GET|HEAD)$/.test(method)) return false;
    const { pathname, search } = address;
    if (isOfEndpoint(pathname)) return false;
    const { host = '' } = request.headers;
    if (pathname === '/live/' && !host.startsWith('127.')) {
      // The issuer leads back to 127.0.0.1, where the page of another name has stored nothing.
      const own = `http://127.0.0.1:${String(request.socket.localPort)}`;
      response.writeHead(307, { location: `${own}${pathname}${search}` }).end();
      return true;
    }
    const send = sender(request, response);
    const path = pathIn(pathname);
    const found = path === undefined ? undefined : await readFileAt(folder, path);
    switch (found?.kind) {
      case 'file':
        send(200, found, headersFor(pathname));
        return true;
      case 'folder':
        response.writeHead(308, { location: `${pathname}/${search}` }).end();
        return true;
      case undefined:
        break;
    }
    const notFound = await readFileAt(folder, '404.html');
    if (notFound?.kind === 'file') {
      send(404, notFound, {});
      return true;
    }
    const isPage = pathname === '/' || pathname === '/live/';
    if (isPage) send(200, { type: 'text/html; charset=utf-8', bytes: notBuilt }, {});
    return isPage;
  };
}

type FileFound = { readonly kind: 'file'; readonly type: string; readonly bytes: Buffer };

/** The path below the folder; undefined for one that could lead out of it. */
function pathIn(pathname: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined; // A percent sign that encodes nothing.
  }
  const [, ...parts] = (path.endsWith('/') ? `${path}index.html` : path).split('/');
  // A slash or a dot may have been encoded. An empty part would begin a path of its own, as a colon
  // or a backslash does on Windows.
  return parts.every((part) => /^[^.\0\\:][^\0\\:]*$/.test(part)) ? parts.join('/') : undefined;
}

async function readFileAt(
  folder: URL,
  path: string,
): Promise<FileFound | { readonly kind: 'folder' } | undefined> {
  try {
    const file = new URL(path.split('/').map(encodeURIComponent).join('/'), folder);
    const bytes = await readFile(file);
    return { kind: 'file', bytes, type: getMimeType(path) ?? 'application/octet-stream' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EISDIR') return { kind: 'folder' };
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

const sender =
  ({ method }: IncomingMessage, response: ServerResponse) =>
  (
    status: number,
    { type, bytes }: Pick<FileFound, 'type' | 'bytes'>,
    headers: Readonly<Record<string, string>>,
  ): void =>
    void response
      .writeHead(status, {
        'content-type': type,
        'content-length': bytes.length,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        ...headers,
      })
      .end(method === 'HEAD' ? undefined : bytes);

const headersFor = (pathname: string): Readonly<Record<string, string>> =>
  pathname.startsWith('/live/') ? liveHeaders : {};

const notBuilt = Buffer.from(
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The site is not built</title><h1>The site is not built</h1><p>Run this in the folder of the repository, then reload this page:</p><pre>npm run site:build</pre></html>\n',
);
