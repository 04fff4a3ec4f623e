/**
 * Whatever an issuer says (resource metadata, issuer metadata, registrations, token answers), a
 * sign-in, a refresh and a revocation end in a documented outcome.
 */
import { type Arbitrary, constantFrom, integer, oneof, record, string } from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { oneLine } from '../../../functions/model/outside-text.ts';
import type { Grant } from '../../../functions/sessions/grant.ts';
import { aGrant } from '../../functions/sessions/build.ts';
import { aServer, connected } from '../../world/server.ts';
import { clientOf, type HostileIssuer, type Said, startHostileIssuer } from '../hostile-issuer.ts';
import { fuzz } from './runs.ts';
import { nearly, oddJson, oddText } from './odd-values.ts';

let issuers: HostileIssuer;
beforeAll(async () => {
  issuers = await startHostileIssuer();
});
afterAll(() => issuers.close());

const { oauth, store } = clientOf(addressGuard({ allow: ['127.0.0.1/32'] }));
const secret = 'a-token-that-nobody-else-may-ever-see';

const status = oneof(
  { weight: 20, arbitrary: constantFrom(200, 201) },
  constantFrom(204, 301, 302, 400, 401, 403, 404, 408, 429, 500, 503),
);
const type = oneof(
  { weight: 8, arbitrary: constantFrom('application/json', 'application/json; charset=utf-8') },
  constantFrom('text/html', 'application/jwt', 'text/plain', ''),
  oddText,
);
const saidOf = (body: Arbitrary<unknown>): Arbitrary<Said> =>
  record({
    status,
    type,
    body: oneof({ weight: 18, arbitrary: body }, { weight: 1, arbitrary: oddText }, oddJson),
  });

const member = (...values: unknown[]): Arbitrary<unknown> => constantFrom(...values);

/** What a member of metadata may say, by how it differs from the honest one. */
const metadataChange = nearly({
  code_challenge_methods_supported: member(['S256'], ['plain'], [], 'S256', null),
  token_endpoint_auth_methods_supported: member(
    ['none'],
    ['client_secret_post'],
    ['private_key_jwt'],
    [],
    null,
  ),
  grant_types_supported: member(['authorization_code'], null, {}, 'authorization_code'),
});
const registration = saidOf(
  nearly({
    client_id: oneof(member('muster', 'another'), oddText),
    client_secret: oneof(string(), oddJson),
    client_secret_expires_at: oneof(integer(), oddJson),
    token_endpoint_auth_method: member('none', 'client_secret_basic', 'client_secret_post'),
    redirect_uris: member(['http://127.0.0.1:8787/v1/oauth/callback'], null),
  }),
);
const tokens = saidOf(
  oneof(
    nearly({
      access_token: member(secret, secret, secret, `${secret}${'a'.repeat(70_000)}`),
      refresh_token: member(secret, null, ''),
      token_type: member('bearer', 'Bearer', 'BEARER', 'bearer', 'DPoP'),
      expires_in: oneof(integer(), member('3600', 0, -1, 2 ** 63, 1e300, 8.64e15, null, 'never')),
      scope: oneof(member('mcp', 'a  b', ''), oddText),
    }),
    nearly({
      error: oneof(
        member('invalid_grant', 'invalid_client', 'slow_down', 'temporarily_unavailable', secret),
        oddText,
      ),
      error_description: member(secret, null),
    }),
  ),
);

const answers = record({
  place: constantFrom('resource', 'metadata', 'registration', 'token', 'token', 'token'),
  resource: saidOf(nearly({})),
  metadataChange,
  metadata: saidOf(nearly({})),
  registration,
  tokens,
  revocation: saidOf(oddJson),
  iss: constantFrom('right', 'right', 'right', 'right', 'wrong', 'absent'),
});

fuzz(
  'a sign-in, a refresh and a revocation with any issuer end as they should',
  answers,
  async ({ place, iss, ...said }) => {
    const party = issuers.open(({ metadata, resource }) => {
      switch (place) {
        case 'resource':
          return { resource: merged(said.resource, resource) };
        case 'metadata':
          return {
            metadata: merged(said.metadata, { ...metadata, ...said.metadataChange }),
          };
        case 'registration':
          return { registration: said.registration };
        case 'token':
          return { token: said.tokens, revocation: said.revocation };
      }
    });
    const server = aServer({ url: party.url, status: connected('True') });
    const authorized = await oauth.authorize(server, 'the-state');
    expect(['authorized', 'refused']).toContain(authorized.kind);
    if (authorized.kind === 'refused') return plain(authorized.message);

    const code = 'a-code-that-nobody-else-may-ever-see';
    const named = { right: { iss: party.issuer }, wrong: { iss: 'http://other' }, absent: {} };
    const exchanged = await oauth.exchange(authorized.request, { code, ...named[iss] });
    expect(['exchanged', 'refused']).toContain(exchanged.kind);
    if (exchanged.kind === 'refused') plain(exchanged.message);
    else {
      expect(iss).toBe('right');
      inTenYears(exchanged.expiresAt);
    }

    const grant = aGrant({ ...authorized.request, serverUrl: party.url });
    const held = { accessToken: 'old', refreshToken: 'old-refresh' };
    const refreshed = await oauth.refresh(grant, held);
    expect(['refreshed', 'failed']).toContain(refreshed.kind);
    if ('message' in refreshed) plain(refreshed.message);
    if (refreshed.kind === 'refreshed') await keeps(grant, refreshed);
    await oauth.revoke(grant, held);
    party.close();
    return undefined;
  },
  { share: 0.5, deadlineMs: 10_000 },
);

const merged = ({ body, ...said }: Said, honest: object): Said => ({
  ...said,
  body: typeof body === 'object' && !Array.isArray(body) ? { ...honest, ...body } : body,
});

/** One bounded line that holds no secret of anybody. */
function plain(message: string): void {
  expect(message).toBe(oneLine(message, 1_024));
  expect(message).not.toMatch(/nobody-else/);
}

function inTenYears(at: Date | undefined): void {
  if (at !== undefined) expect(at.getTime()).toBeLessThan(Date.now() + 11 * 366 * 86_400_000);
}

/** What was obtained can be stored and read back: a row that cannot be read locks a person out. */
async function keeps(
  grant: Grant,
  {
    tokens,
    scopes,
    expiresAt,
  }: Pick<Grant, 'scopes' | 'expiresAt'> & {
    readonly tokens: Parameters<typeof store.putGrant>[1];
  },
): Promise<void> {
  inTenYears(expiresAt);
  const { expiresAt: _old, ...rest } = grant;
  const obtainedAt = new Date();
  const next = { ...rest, scopes, obtainedAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
  await store.putGrant(next, tokens);
  await store.listGrants(grant.person);
  await store.getGrant(grant.person, grant.serverUid);
}
