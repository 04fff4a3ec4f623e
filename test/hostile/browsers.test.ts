/** What a page of somebody else in a browser can do with the endpoint: nothing. */
import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect } from 'vitest';
import { createApi } from '../../functions/api.ts';
import { callbackPage } from '../../functions/routes/callback-page.ts';
import { contract } from '../../functions/routes/contract.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { crdFile } from '../world/manifest.ts';
import { attempt } from './attempt.ts';

let cluster: LocalCluster;
let api: ReturnType<typeof createApi>;
beforeAll(async () => {
  cluster = await startCluster({ crdFile });
  api = createApi({
    KUBECONFIG_YAML: cluster.kubeconfig,
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
    TABLE_NAME: 'muster',
    TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    ANONYMOUS_LIST: 'on',
    LIVE_PAGE: 'on',
    GUARD: 'off',
    OIDC_ISSUER: 'http://127.0.0.1:1',
    OIDC_CLIENT_ID: 'muster-cli',
    PUBLIC_URL: 'https://muster.example.com',
  });
});
afterAll(() => cluster.close());

const origins = ['https://evil.example.com', 'null', 'https://muster.example.com.evil.com'];
const requests = contract.flatMap(({ method, path }) =>
  origins.flatMap((origin) =>
    [method.toUpperCase(), 'OPTIONS'].map((verb) => ({
      origin,
      verb,
      path: path.replaceAll(/\{\w+\}/g, 'default'),
    })),
  ),
);

attempt(
  'no page of another origin may read an answer (CORS)',
  requests,
  async ({ origin, verb, path }) => {
    const answer = await api.request(path, {
      method: verb,
      headers: {
        origin,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization',
      },
    });
    const names = [...answer.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(names).not.toContain('set-cookie');
    if (verb === 'OPTIONS') expect(answer.status).toBeGreaterThanOrEqual(400);
  },
);

attempt('no answer can be taken for another type', contract, async ({ method, path }) => {
  const answer = await api.request(path.replaceAll(/\{\w+\}/g, 'default'), {
    method: method.toUpperCase(),
  });
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

const markup: readonly string[] = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',

  '</b></p><h1>You have won</h1>',
  '"><script>alert(1)</script>',
  "'><script>alert(1)</script>",

  '<a href="javascript:alert(1)">x</a>',
  '<iframe src=//evil.example.com>',
  '<base href=//evil>',
  '<meta http-equiv=refresh content=0;url=//evil>',
  '<form action=//evil><input name=secret>',
  '<style>*{display:none}</style>',
  '<link rel=stylesheet href=//evil>',
  '<!--',
  '-->',
  '<![CDATA[',

  '<object data=//evil>',
  '<embed src=//evil>',
  '<math><mi xlink:href="javascript:1">',
  '<plaintext>',
  '</title><script>alert(1)</script>',
  '</style><script>alert(1)</script>',
  '&lt;script&gt;',

  '\u0000<script>',
  '<scr\u0000ipt>',
  '＜script＞',
  '<ScRiPt>',
  '<script/src=//evil>',
  '${alert(1)}',
];

attempt('no name is markup on the page after a sign-in', markup, async (text) => {
  const signIn = {
    starter: { issuer: `https://login.example.com/${text}`, subject: text },
    starterName: text,
    serverUid: 'uid-a',
    serverName: `default/${text}`,
    serverUrl: `https://mcp.example.com/${text}`,
    request: {
      issuer: `https://issuer.example.com/${text}`,
      clientId: 'muster',
      redirectUri: 'https://muster.example.com/v1/oauth/callback',
      resource: 'https://mcp.example.com/mcp',
      scopes: [],
      verifier: 'v',
      isNamed: true,
      headersDigest: '',
    },
    headersDigest: '',
    expiresAt: new Date(),
  };
  const page = new Hono();
  page.get('/parked', (context) =>
    callbackPage(context, { kind: 'parked', signIn, secret: 'the-secret' }),
  );
  page.get('/declined', (context) =>
    callbackPage(context, {
      kind: 'declined',
      signIn,
      message: 'The issuer refused the sign-in to default/x: access_denied.',
    }),
  );
  for (const path of ['/parked', '/declined']) {
    const answer = await page.request(path);
    const html = await answer.text();
    // Nothing but the tags of the page itself, whatever the names are.
    const tags = new Set([...html.matchAll(/<\/?([a-z!][\w-]*)/gi)].map(([, tag = '']) => tag));
    for (const tag of tags)
      expect([
        '!doctype',
        'html',
        'head',
        'meta',
        'title',
        'style',
        'body',
        'h1',
        'p',
        'b',
        'code',
        'dl',
        'dt',
        'dd',
      ]).toContain(tag);
    expect(html).not.toMatch(/<[^>]*(\son\w+=|javascript:|http-equiv)/i);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  }
});
