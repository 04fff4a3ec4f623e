import { expect, test } from 'vitest';
import {
  type ClientOrigin,
  endsGrant,
  nextRefreshAt,
} from '../../../functions/sessions/grant-end.ts';
import { now } from './build.ts';

const refused = (
  status: number,
  code?: string,
  { client = 'registered', isPage = false }: { client?: ClientOrigin; isPage?: boolean } = {},
) => ({
  kind: 'refused' as const,
  status,
  ...(code === undefined ? {} : { code }),
  isPage,
  client,
});

test.each<[sentence: string, failure: Parameters<typeof endsGrant>[0], ends: boolean]>([
  ['invalid_grant', refused(400, 'invalid_grant'), true],
  // lelylan/simple-oauth2#459: GitHub answers 200, which the tidy step makes a 400.
  ['bad_refresh_token of GitHub', refused(400, 'bad_refresh_token'), true],
  // metabase#80389, obot#7501.
  ['invalid_request', refused(400, 'invalid_request'), true],
  // Softeria/ms-365-mcp-server#485.
  ['interaction_required of Entra ID', refused(400, 'interaction_required'), true],
  ['a code that nobody knows, with 403', refused(403, 'my_own_error'), true],
  ['a code under 401', refused(401, 'invalid_token'), true],
  ['a code under 404', refused(404, 'not_found'), true],
  ['400 without a code', refused(400), true],
  ['invalid_client of a registered client', refused(401, 'invalid_client'), true],
  [
    'invalid_client of the metadata document',
    refused(401, 'invalid_client', { client: 'document' }),
    true,
  ],
  ['a client that we no longer have', { kind: 'noClient' }, true],
  [
    'invalid_client of a client that the owner registered',
    refused(401, 'invalid_client', { client: 'configured' }),
    false,
  ],
  [
    'a wrong secret at GitHub of a client that the owner registered',
    refused(400, 'incorrect_client_credentials', { client: 'configured' }),
    false,
  ],
  ['slow_down', refused(400, 'slow_down'), false],
  ['temporarily_unavailable', refused(400, 'temporarily_unavailable'), false],
  ['server_error', refused(400, 'server_error'), false],
  ['408', refused(408, 'invalid_request'), false],
  ['425', refused(425, 'too_early'), false],
  ['429', refused(429, 'invalid_grant'), false],
  ['500', refused(500, 'invalid_grant'), false],
  ['503', refused(503), false],
  ['401 without a code', refused(401), false],
  ['403 without a code', refused(403), false],
  ['a redirect', refused(302), false],
  ['a page with 400', refused(400, undefined, { isPage: true }), false],
  ['silence', { kind: 'noAnswer' }, false],
])('after a refresh that ends with %s, is the grant over', (_sentence, failure, ends) => {
  expect(endsGrant(failure)).toBe(ends);
});

test('a refresh that keeps failing is tried again after 30 s, then later, at most after 10 min', () => {
  const seconds = [1, 2, 3, 5, 6, 1_000].map(
    (failures) => (nextRefreshAt(failures, now).getTime() - now.getTime()) / 1000,
  );
  expect(seconds).toEqual([30, 60, 120, 480, 600, 600]);
});
