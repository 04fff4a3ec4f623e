/**
 * The errors that people meet most: for each one what happened and what to do next, at real servers
 * of this machine. Numbers are those of the list that the texts were drafted in.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renamedChallenge } from '../../functions/model/renamed-challenge.ts';
import { tokenFile, type Tokens, writeTokens } from '../../cli/token-store/token-files.ts';
import { createAuthority, selfSigned } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import { buildMuster, removeMuster, runMuster } from './run.ts';

let file: string;
let folder: string;
beforeAll(async () => {
  [file, folder] = await Promise.all([buildMuster(), mkdtemp(join(tmpdir(), 'muster-errors-'))]);
});
const open: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all([...open.map((close) => close()), removeMuster(file)]);
  await rm(folder, { recursive: true });
});

/** One condition: where it is met, with which home, and what is typed. */
type Place = {
  readonly endpoint?: string;
  readonly line?: string;
  readonly environment?: Readonly<Record<string, string>>;
};

type Scene = {
  readonly home: string;
  readonly served: (answer: RequestListener) => Promise<string>;
  readonly signedIn: (endpoint: string, facts?: Partial<Tokens>) => Promise<void>;
};

const scene = async (): Promise<Scene> => {
  const home = await mkdtemp(join(folder, 'home-'));
  return {
    home,
    served: async (answer) => {
      const { url, close } = await listen(createServer(answer));
      open.push(close);
      return url;
    },
    signedIn: (endpoint, facts = {}) =>
      writeTokens(
        {
          endpoint,
          issuer: 'https://login.example.com',
          clientId: 'muster-cli',
          idToken: randomBytes(30).toString('base64url'),
          subject: 'ada',
          expiresAt: new Date(Date.now() + 3_600_000),
          ...facts,
        },
        { HOME: home },
      ),
  };
};

const says =
  (status: number, body = '', headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
const problem = (status: number, title: string, headers: Record<string, string> = {}) =>
  says(status, JSON.stringify({ title }), headers);
const page = '<!doctype html><title>Hello</title>';
const checkAddress = 'Check the address. To see where it comes from, run: muster context current';

const tls = async (options: { cert: string; key: string }): Promise<string> => {
  const { port, close } = await listen(createTlsServer(options, says(200, '{}')));
  open.push(close);
  return `https://127.0.0.1:${String(port)}`;
};

/** Message and hint; URL is the endpoint. The exit code is 1 unless it is given. */
type Row = readonly [
  what: string,
  place: (scene: Scene) => Promise<Place> | Place,
  message: string | RegExp,
  hint: string | RegExp,
  code?: number,
];

const rows: readonly Row[] = [
  [
    '1: no endpoint is set',
    () => ({}),
    'No endpoint is set.',
    'Set MUSTER_SERVERLESS_ENDPOINT to the URL of the muster endpoint, or use --endpoint. npm start prints the export line.',
  ],
  [
    '1: a context that does not exist',
    () => ({ line: 'list mcps --context prod' }),
    'There is no context prod.',
    'Run: muster context list',
  ],
  [
    '2: an address without a scheme',
    () => ({ endpoint: 'localhost:8787' }),
    'The endpoint "URL" is not an HTTP address.',
    'Did you mean http://URL?',
  ],
  [
    '3: http elsewhere',
    () => ({ endpoint: 'http://muster.example.com' }),
    'The endpoint URL does not use https.',
    'Use https. http is allowed only on this machine (127.0.0.1, localhost).',
  ],
  ...['/mcp', '/sse', '/v1'].map(
    (part): Row => [
      `4: an address with ${part}`,
      async ({ served }) => ({
        endpoint: `${await served(part === '/v1' ? problem(404, 'No such route') : says(404, '404 page not found'))}${part}`,
      }),
      'URL is not the address of a muster endpoint.',
      new RegExp(
        `^Leave out ${part}(, which belongs to the address of giantswarm/muster)?: http://127.0.0.1:\\d+$`,
      ),
    ],
  ),
  [
    '5: another web site',
    async ({ served }) => ({ endpoint: await served(says(200, page)) }),
    'Unexpected response from URL: a web page (HTTP 200). Is it the muster endpoint?',
    checkAddress,
  ],
  [
    '5: another web site without that page, at a sign-in',
    async ({ served }) => ({
      endpoint: await served(says(404, page)),
      line: 'auth login --no-browser',
    }),
    'Unexpected response from URL: a web page (HTTP 404). Is it the muster endpoint?',
    checkAddress,
  ],
  [
    '5: another service that requires a sign-in, at a sign-in',
    async ({ served }) => ({
      endpoint: await served(says(401, 'Unauthorized')),
      line: 'auth login --no-browser',
    }),
    'Unexpected response from URL. Is it the muster endpoint?',
    `${checkAddress}. If it is right, compare the versions: muster version`,
  ],
  [
    '5: no HTTP',
    async () => {
      const { url, close } = await listen(
        createTcpServer((socket) => void socket.resume().end('SSH-2.0-OpenSSH_9\r\n')),
      );
      open.push(close);
      return { endpoint: url };
    },
    /^URL: the response is not valid HTTP \(HPE_\w+\)\.$/,
    'Check the address: another service may listen there.',
  ],
  [
    '6: an endpoint that moved',
    async ({ served }) => ({
      endpoint: await served((request, response) =>
        says(308, '', { location: `https://new.example.com/prod${request.url ?? ''}` })(
          request,
          response,
        ),
      ),
    }),
    'URL redirects to https://new.example.com/prod (HTTP 308).',
    'If you trust that address, use it: export MUSTER_SERVERLESS_ENDPOINT=https://new.example.com/prod',
  ],
  [
    '6: a sign-in page of somebody else',
    async ({ served }) => ({
      endpoint: await served(says(302, '', { location: 'https://portal.example.com/in?token=x' })),
    }),
    'URL redirects to https://portal.example.com/in (HTTP 302).',
    checkAddress,
  ],
  [
    '6: a redirect to an address that is not safe',
    async ({ served }) => ({ endpoint: await served(says(302, '', { location: 'file:///etc' })) }),
    'URL redirects to an address that is not safe (HTTP 302).',
    checkAddress,
  ],
  [
    '7: 403, signed in',
    async ({ served, signedIn }) => {
      const endpoint = await served(says(403, '{"Message":"Forbidden"}'));
      await signedIn(endpoint);
      return { endpoint };
    },
    'URL refused the request (HTTP 403).',
    'Ask its owner for access. To see who you are, run: muster auth whoami',
  ],
  [
    '7: 403, signed out',
    async ({ served }) => ({ endpoint: await served(says(403, page)) }),
    'URL refused the request (HTTP 403).',
    'Ask its owner for access.',
  ],
  [
    '8: 407',
    async ({ served }) => ({ endpoint: await served(says(407)) }),
    'A proxy before URL requires a user name and a password (HTTP 407).',
    'Put them into HTTPS_PROXY, for example: http://USER:PASSWORD@proxy.example.com:3128',
  ],
  [
    '9: 429 with Retry-After',
    async ({ served }) => ({ endpoint: await served(says(429, '', { 'retry-after': '30' })) }),
    'URL received too many requests (HTTP 429).',
    'Try again in 30 seconds.',
  ],
  [
    '9: 429 until a time',
    async ({ served }) => ({
      endpoint: await served(
        says(429, '', { 'retry-after': new Date(Date.now() + 590_000).toUTCString() }),
      ),
    }),
    'URL received too many requests (HTTP 429).',
    'Try again in 10 minutes.',
  ],
  [
    '10: 5xx with a request ID',
    async ({ served }) => ({
      endpoint: await served(says(503, page, { 'x-amzn-requestid': '0b1c-42' })),
    }),
    'URL responded with HTTP 503.',
    'Try again in a minute. If it fails again, give its owner this request ID: 0b1c-42',
  ],
  [
    '10: 5xx with a problem and a request ID',
    async ({ served }) => ({
      endpoint: await served(problem(500, 'Internal error', { 'x-request-id': '7' })),
    }),
    'Internal error.',
    'Try again in a minute. If it fails again, give its owner this request ID: 7',
  ],
  [
    '12: nothing listens there',
    () => ({ endpoint: 'http://127.0.0.1:1' }),
    'URL: connection refused.',
    'Check that it is running and that the port is right. To start it on this machine, run: npm start',
  ],
  [
    '13: a host that does not exist',
    () => ({ endpoint: 'https://muster.invalid' }),
    /^URL: the host name (does not exist|could not be resolved)\.$/,
    /If (it|the name) is internal, connect to your VPN\.$/,
  ],
  [
    '14: no answer',
    async ({ served }) => ({
      endpoint: await served(() => undefined),
      line: 'list mcps --timeout 100ms',
    }),
    'URL: no response within 0.1 s.',
    'Try again, or allow more time: --timeout 60s',
  ],
  [
    '14: no answer in the time of the variable',
    async ({ served }) => ({
      endpoint: await served(() => undefined),
      environment: { MUSTER_TIMEOUT: '100ms' },
    }),
    'URL: no response within 0.1 s.',
    'Try again, or allow more time: --timeout 60s',
  ],
  [
    '15: a self-signed certificate',
    async () => {
      const { certPem: cert, keyPem: key } = await selfSigned({ hosts: ['127.0.0.1'] });
      return { endpoint: await tls({ cert, key }) };
    },
    'URL: the TLS certificate is not trusted (self-signed, DEPTH_ZERO_SELF_SIGNED_CERT).',
    'For a private certificate authority, set NODE_EXTRA_CA_CERTS to its PEM file.',
  ],
  ...(
    [
      ['has expired', 'CERT_HAS_EXPIRED', -7_200_000, -3_600_000],
      ['is not valid yet', 'CERT_NOT_YET_VALID', 3_600_000, 7_200_000],
    ] as const
  ).map(
    ([words, code, from, to]): Row => [
      `15: a certificate that ${words}, or a clock that is wrong`,
      async ({ home }) => {
        const { caPem, issue } = await createAuthority();
        const { certPem: cert, keyPem: key } = await issue({
          hosts: ['127.0.0.1'],
          notBefore: new Date(Date.now() + from),
          notAfter: new Date(Date.now() + to),
        });
        const ca = join(home, 'ca.pem');
        await writeFile(ca, caPem);
        return { endpoint: await tls({ cert, key }), environment: { NODE_EXTRA_CA_CERTS: ca } };
      },
      `URL: the TLS certificate ${words} (${code}).`,
      /^This machine says that it is 20\d\d-\d\d-\d\dT\d\d:\d\dZ\. If that is right, report it to the owner of 127\.0\.0\.1:\d+\.$/,
    ],
  ),
  [
    '15: no TLS on this port',
    async ({ served }) => ({
      endpoint: (await served(says(200))).replace('http:', 'https:'),
    }),
    'URL: no TLS on this port.',
    'Check whether the address needs http instead of https.',
  ],
  [
    '15: TLS on this port',
    async () => {
      const { certPem: cert, keyPem: key } = await selfSigned({ hosts: ['127.0.0.1'] });
      return { endpoint: (await tls({ cert, key })).replace('https:', 'http:') };
    },
    'URL: the connection was closed without a response.',
    'Try again. If it fails again, check whether the address needs https.',
  ],
  [
    '16: not signed in',
    async ({ served }) => ({ endpoint: await served(problem(401, 'Sign-in required')) }),
    'You are not signed in to URL.',
    'Run: muster auth login',
    2,
  ],
  [
    '16: signed in to the same port under another name',
    async ({ served, signedIn }) => {
      const url = await served(problem(401, 'Sign-in required'));
      await signedIn(url);
      return { endpoint: url.replace('127.0.0.1', 'localhost') };
    },
    'You are not signed in to URL.',
    /^You are signed in to http:\/\/127\.0\.0\.1:\d+, which is the same port of this machine: use that address\. To sign in to this endpoint, run: muster auth login$/,
    2,
  ],
  [
    '16: signed in to another endpoint',
    async ({ served, signedIn }) => {
      await signedIn('https://prod.example.com');
      return { endpoint: await served(says(200)), line: 'auth whoami' };
    },
    'You are not signed in to URL.',
    'You are signed in to https://prod.example.com: to use that, add --endpoint https://prod.example.com. To sign in to this endpoint, run: muster auth login',
    2,
  ],
  [
    '17: a sign-in that has expired',
    async ({ served, signedIn }) => {
      const endpoint = await served(says(200));
      await signedIn(endpoint, { expiresAt: new Date(0) });
      return { endpoint };
    },
    'Your sign-in to URL has expired.',
    'Run: muster auth login',
    2,
  ],
  [
    '17: a sign-in that the endpoint no longer accepts, and a clock that is wrong',
    async ({ served, signedIn }) => {
      const date = new Date(Date.now() - 720_000).toUTCString();
      const endpoint = await served(
        problem(401, 'Invalid token', { date, [renamedChallenge]: 'Bearer error="invalid_token"' }),
      );
      await signedIn(endpoint);
      return { endpoint };
    },
    'Your sign-in to URL is no longer accepted. Invalid token.',
    'The clock of this machine is 12 minutes ahead of that of URL. Set it, then run: muster auth login',
    2,
  ],
  [
    '18: a folder that cannot be written',
    async ({ home, served }) => {
      const blocked = join(home, 'file');
      await writeFile(blocked, '');
      return {
        endpoint: await served(says(200)),
        line: 'auth login --no-browser',
        environment: { XDG_CONFIG_HOME: blocked },
      };
    },
    /^The sign-in cannot be saved: .*\/file\/muster-serverless\S* cannot be written \(ENOTDIR\)\.$/,
    'Set XDG_CONFIG_HOME to the absolute path of a folder that you can write to.',
    3,
  ],
  [
    '19: a damaged sign-in, where one is needed',
    async ({ home, served, signedIn }) => {
      const endpoint = await served(says(200));
      await signedIn(endpoint);
      await writeFile(tokenFile(endpoint, { HOME: home }), '{"endpoint":');
      return { endpoint, line: 'auth whoami' };
    },
    /^The saved sign-in to URL cannot be read \(.*\.json\)\.$/,
    'Run: muster auth login',
    2,
  ],
  [
    '19: a token that no header can carry',
    async ({ served, signedIn }) => {
      const endpoint = await served(says(200));
      await signedIn(endpoint, { idToken: 'a\nb' });
      return { endpoint, line: 'auth whoami' };
    },
    /^The saved sign-in to URL cannot be read \(.*\.json\)\.$/,
    'Run: muster auth login',
    2,
  ],
  [
    '25: an endpoint that is newer, or something else that speaks JSON',
    async ({ served }) => ({ endpoint: await served(says(200, '{"rows":[]}')) }),
    'Unexpected response from URL. Is it the muster endpoint?',
    `${checkAddress}. If it is right, compare the versions: muster version`,
  ],
  [
    '25: an endpoint that is older',
    async ({ served, signedIn }) => {
      const endpoint = await served(problem(404, 'No such route'));
      await signedIn(endpoint);
      return { endpoint, line: 'auth keys' };
    },
    'URL does not have the route /v1/me/keys. It is probably older than this muster.',
    'Ask its owner to update it. To compare the versions, run: muster version',
  ],
];

describe.concurrent('an error says what happened and what to do next', () => {
  const conditions = rows.map(([what, place, message, hint, code = 1]) => ({
    what,
    place,
    message,
    hint,
    code,
  }));
  test.each(conditions)('$what', async ({ place, message, hint, code }) => {
    const here = await scene();
    const { endpoint, line = 'list mcpserver', environment = {} } = await place(here);
    const ended = await runMuster(file, line, {
      home: here.home,
      environment: {
        ...(endpoint === undefined ? {} : { MUSTER_ENDPOINT: endpoint }),
        ...environment,
      },
    });
    const [first = '', second = '', ...more] = ended.stderr
      .replaceAll(endpoint ?? 'no endpoint', 'URL')
      .split('\n');
    expect(first.replace('Error: ', '')).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
    expect(second).toEqual(typeof hint === 'string' ? hint : expect.stringMatching(hint));
    expect({ code: ended.code, stdout: ended.stdout, more }).toEqual({
      code,
      stdout: '',
      more: [''],
    });
  });
});

describe.concurrent('the page about a problem', () => {
  const stderrOf = async (type: unknown): Promise<string> => {
    const { home, served } = await scene();
    const body = JSON.stringify({ type, title: 'The cluster is unavailable', status: 503 });
    const endpoint = await served(says(503, body));
    return (await runMuster(file, 'list mcpserver', { home, endpoint })).stderr;
  };
  test('is the last line of its error', async () => {
    const page = 'https://docs.example.com/problems/cluster-unavailable/';
    expect(await stderrOf(page)).toMatch(
      /\nMore: https:\/\/docs\.example\.com\/problems\/cluster-unavailable\/\n$/,
    );
  });
  test.each(['about:blank', 'http://docs.example.com/', 'javascript:alert(1)', 7, undefined])(
    'is not printed where the type is %s',
    async (type) => expect(await stderrOf(type)).not.toContain('More:'),
  );
});
