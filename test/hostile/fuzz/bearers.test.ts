/** Whatever JWT comes, with whatever claims and header, it is a person, invalid, or the issuer's. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { array, constantFrom, dictionary, oneof, record, string, tuple } from 'fast-check';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect } from 'vitest';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../functions/adapters/network/http.ts';
import { bearerVerifier } from '../../../functions/adapters/oauth/bearer-verifier.ts';
import { meSchema } from '../../../functions/model/wire/person-wire.ts';
import { meOf } from '../../../functions/sessions/row.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import { fuzz } from './runs.ts';
import { nearly, oddJson, oddNumber, oddText } from './odd-values.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const audience = 'muster-cli';

let issuer: Listening;
/** What the documents of one issuer say instead, by its path. */
const documents = new Map<string, { readonly discovery: unknown; readonly keys: unknown }>();
beforeAll(async () => {
  const server = createServer(({ url = '' }, response) => {
    const [, path = '', place = ''] =
      /^(.*)\/(\.well-known\/openid-configuration|jwks)$/.exec(url) ?? [];
    const own = documents.get(path);
    const at = `${issuer.url}${path}`;
    const discovery = own?.discovery ?? { issuer: at, jwks_uri: `${at}/jwks` };
    const jwk = publicKey.export({ format: 'jwk' });
    const keys = own?.keys ?? { keys: [{ ...jwk, kid: 'a', alg: 'ES256', use: 'sig' }] };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(place === 'jwks' ? keys : filled(discovery, at)));
  });
  issuer = await listen(server);
});
afterAll(() => issuer.close());

const fetch = guardedFetch(
  {
    guard: addressGuard({ allow: ['127.0.0.1/32'] }),
    resolve: resolver(),
    secureContext: trustStore(),
  },
  { timeoutMs: 2_000 },
);
const verifiers = new Map<string, ReturnType<typeof bearerVerifier>>();
const verifierOf = (url: string) => {
  const made = verifiers.get(url) ?? bearerVerifier({ issuer: url, audience, fetch });
  verifiers.set(url, made);
  return made;
};

const inAnHour = () => Math.floor(Date.now() / 1000) + 3_600;

const claims = nearly({
  sub: oneof({ weight: 4, arbitrary: constantFrom('ada') }, oddText),
  aud: constantFrom(audience, [audience], [audience, 'another'], 'another', []),
  azp: constantFrom(audience, 'another', undefined),
  exp: oneof({ weight: 4, arbitrary: constantFrom('soon') }, oddNumber),
  iat: oddNumber,
  nbf: oneof({ weight: 4, arbitrary: constantFrom(0) }, oddNumber),
  email: oneof({ weight: 2, arbitrary: constantFrom('ada@example.com') }, oddJson),
  email_verified: constantFrom(true, false, 'true', 'false', 0, 1, null, {}),
  name: oddJson,
  nonce: oddJson,
  events: constantFrom(undefined, {}, { 'http://schemas.openid.net/event/backchannel-logout': {} }),
  groups: oddJson,
});
const header = record({
  alg: constantFrom('ES256'),
  kid: constantFrom('a', 'b', undefined),
  typ: constantFrom(undefined, 'JWT', 'at+jwt', 'logout+jwt', 'application/jwt'),
});

fuzz(
  'a JWT with odd claims is a person who can be shown, or invalid',
  tuple(header, claims, constantFrom('right', 'right', 'right', 'other')),
  async ([head, payload, key]) => {
    const from = { iss: issuer.url, ...payload };
    const exp = 'exp' in from && from.exp === 'soon' ? { exp: inAnHour() } : {};
    const text = JSON.stringify({ ...from, ...exp });
    const signed = await new SignJWT(JSON.parse(text))
      .setProtectedHeader(JSON.parse(JSON.stringify(head)))
      .sign(key === 'right' ? privateKey : other)
      .catch(() => undefined);
    if (signed === undefined) return;
    const result = await verifierOf(issuer.url)(signed);
    expect(['valid', 'invalid']).toContain(result.kind);
    if (result.kind === 'invalid') expect(result.message).not.toContain(signed);
    if (result.kind !== 'valid') return;
    expect([key, head.kid]).not.toContain('other');
    const { person } = result.caller;
    expect([person.issuer, person.audiences.includes(audience)]).toEqual([issuer.url, true]);
    expect(meSchema.safeParse(meOf(person)).error).toBeUndefined();
  },
);

const part = oneof(
  string({ maxLength: 60 }),
  oddJson.map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url')),
  dictionary(constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'zip', 'jku', 'jwk'), oddJson).map(
    (value) => Buffer.from(JSON.stringify(value)).toString('base64url'),
  ),
);

fuzz(
  'text that is no JWT is invalid',
  array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
  async (text) => {
    expect((await verifierOf(issuer.url)(text)).kind).toBe('invalid');
  },
);

const ourPlace = '<its address>';
const discovery = nearly({
  issuer: constantFrom(ourPlace, 'https://another.example'),
  jwks_uri: constantFrom(`${ourPlace}/jwks`, 'http://169.254.169.254/', 'file:///etc/passwd', 'x'),
});
const keys = nearly({
  keys: array(
    nearly({
      kty: constantFrom('EC', 'RSA', 'oct', 'OKP'),
      crv: constantFrom('P-256', 'P-521', 'Ed25519'),
      x: oddText,
      y: oddText,
      n: oddText,
      e: constantFrom('AQAB', 'AQ', ''),
      k: oddText,
      alg: constantFrom('ES256', 'RS256', 'HS256', 'none'),
      kid: constantFrom('a', 'b'),
      use: constantFrom('sig', 'enc'),
      key_ops: constantFrom(['verify'], ['sign'], 'verify', null),
    }),
    { maxLength: 4 },
  ),
});
let last = 0;

fuzz(
  'an issuer with odd metadata or odd keys is unavailable, and nobody becomes a person by it',
  tuple(oneof(discovery, oddJson), oneof(keys, oddJson), constantFrom(true, false)),
  async ([odd, oddKeys, hasOddKeys]) => {
    last += 1;
    const path = `/issuer-${last}`;
    const at = `${issuer.url}${path}`;
    documents.set(path, {
      discovery: hasOddKeys ? { issuer: ourPlace, jwks_uri: `${ourPlace}/jwks` } : odd,
      keys: oddKeys,
    });
    const token = await new SignJWT({ sub: 'ada', aud: audience, iss: at, exp: inAnHour() })
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .sign(other);
    const result = await bearerVerifier({ issuer: at, audience, fetch })(token);
    expect(['invalid', 'issuerUnavailable']).toContain(result.kind);
    documents.delete(path);
  },
  { share: 0.5 },
);

/** The address of an issuer is known only when it runs. */
const filled = (value: unknown, at: string): unknown =>
  JSON.parse((JSON.stringify(value) ?? 'null').replaceAll(ourPlace, at));
