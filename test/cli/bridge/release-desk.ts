/** A muster endpoint that only releases tokens, and a home folder that is signed in to it. */
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newMachineKey } from '../../../cli/token-store/machine-key.ts';
import { type Tokens, writeTokens } from '../../../cli/token-store/token-files.ts';
import { parseJson } from '../../../functions/model/json.ts';
import { listen } from '../../../local/listen.ts';

export type Answer = { readonly status?: number; readonly body: unknown };

export type ReleaseDesk = {
  readonly endpoint: string;
  readonly home: string;
  /** What the token route was asked, in order: the body of each request. */
  readonly asked: unknown[];
  /** Paths of all requests. */
  readonly paths: string[];
  /** Tests may set it. */
  answer: (body: unknown) => Answer | Promise<Answer>;
  /** Servers of the list, for names without a namespace. */
  list: () => Answer;
  readonly signIn: (facts?: Partial<Tokens>, hasKey?: boolean) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Signed in, and ready to release what `answer` gives. */
export async function startReleaseDesk(): Promise<ReleaseDesk> {
  const asked: unknown[] = [];
  const paths: string[] = [];
  const server = createServer(async (request, response) => {
    const [path] = (request.url ?? '').split('?');
    paths.push(`${request.method ?? ''} ${path ?? ''}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = parseJson(Buffer.concat(chunks).toString());
    const isProven = request.headers.authorization !== undefined && 'dpop' in request.headers;
    if (request.method === 'POST') asked.push(body);
    const answer =
      path === '/v1/mcpservers'
        ? desk.list()
        : isProven
          ? await desk.answer(body)
          : { status: 403, body: { title: 'No proof' } };
    const { status = 200, body: said } = answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
  const { url: endpoint, close } = await listen(server);
  const home = await mkdtemp(join(tmpdir(), 'muster-home-'));
  const desk: ReleaseDesk = {
    endpoint,
    home,
    asked,
    paths,
    answer: () => ({ status: 404, body: { title: 'Nothing set' } }),
    list: () => listOf('server-a', 'server-b'),
    signIn: (facts = {}, hasKey = true) =>
      writeTokens(
        {
          endpoint,
          issuer: 'http://127.0.0.1:9',
          clientId: 'muster-cli',
          idToken: 'own-token',
          expiresAt: new Date(Date.now() + 3_600_000),
          subject: 'ada',
          ...(hasKey && { key: newMachineKey() }),
          ...facts,
        },
        { HOME: home },
      ),
    signOut: () => rm(join(home, '.config'), { recursive: true }),
    close: async () => {
      await close();
      await rm(home, { recursive: true });
    },
  };
  await desk.signIn();
  return desk;
}

export const listOf = (...names: readonly string[]): Answer => ({
  body: {
    items: names.map((name) => ({
      namespace: 'default',
      name,
      uid: name,
      type: 'streamable-http',
      conditions: [],
    })),
    problems: [],
  },
});

export const open = (url: string, type = 'streamable-http'): Answer => ({
  body: { url, type, kind: 'open' },
});

export const token = (url: string, accessToken: string, lastsMs = 3_600_000): Answer => ({
  body: {
    url,
    type: 'streamable-http',
    kind: 'token',
    tokenType: 'Bearer',
    accessToken,
    generation: accessToken,
    expiresAt: new Date(Date.now() + lastsMs).toISOString(),
  },
});
