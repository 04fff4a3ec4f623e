/**
 * `muster auth login --server` against an endpoint that says what the test needs; the browser
 * comes straight back.
 */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { newMachineKey } from '../../../cli/token-store/machine-key.ts';
import { writeTokens } from '../../../cli/token-store/token-files.ts';
import type { Row, Session } from '../../../functions/model/wire/server-wire.ts';
import { listen } from '../../../local/listen.ts';
import { aRow } from '../rows.ts';
import { type Ended, runMuster } from '../run.ts';
import { sandbox } from '../sandbox.ts';

const box = sandbox();

const row: Row = aRow({ name: 'a' });
const wanting = (...missingScopes: string[]): Session => ({
  status: 'Expired',
  message: 'The server wants more scopes.',
  missingScopes,
});

/** Signs in to a server whose SESSION after each sign-in is the next one of these. */
async function signIn(
  ...sessions: readonly Session[]
): Promise<Ended & { readonly started: number }> {
  let started = 0;
  const { url: endpoint, close } = await listen(
    createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const answer = (value: object) =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify(value));
        if (request.url === '/v1/mcpservers/default/a') return answer(row);
        if (request.url?.endsWith('/check') === true) return response.writeHead(404).end();
        if (request.url?.endsWith('/complete') === true)
          return answer({ namespace: 'default', name: 'a', session: sessions[started - 1] });
        started += 1;
        const { returnTo }: { returnTo: string } = JSON.parse(body);
        return answer({
          authorizationUrl: `${returnTo}?secret=the-secret-${String(started)}`,
          expiresAt: '2026-01-01T00:00:00Z',
        });
      });
    }),
  );
  box.endAfter(close);
  const tokens = {
    endpoint,
    issuer: 'https://login.example.com',
    clientId: 'muster-cli',
    idToken: 'the-bearer',
    subject: 'ada',
    key: newMachineKey(),
  };
  await writeTokens({ ...tokens, expiresAt: new Date(Date.now() + 3_600_000) }, { HOME: box.home });
  const ended = await runMuster(box.file, 'auth login --server default/a', {
    endpoint,
    home: box.home,
    onAddress: (address) => fetch(address),
  });
  return { ...ended, started };
}

test('a server that requires more scopes gets another sign-in, in the same command', async () => {
  const { code, stderr, started } = await signIn(wanting('admin'), { status: 'Authenticated' });
  expect([code, started]).toEqual([0, 2]);
  expect(stderr).toContain('default/a requires more scopes: admin; signing in again.\n');
  expect(stderr).toContain('Signed in to default/a.\n');
});

test('a server that never has enough is given up on after the third sign-in', async () => {
  const { code, stderr, started } = await signIn(wanting('one'), wanting('two'), wanting('three'), {
    status: 'Authenticated',
  });
  expect([code, started]).toEqual([3, 3]);
  expect(stderr).toContain('Error: default/a is Expired: The server wants more scopes.\n');
});

test('a server that refuses the new token is exit 3, with its reason and not with the same command', async () => {
  const refused: Session = {
    status: 'Expired',
    message: 'The server refused the token: invalid_token.',
    hint: 'muster auth login --server a',
  };
  const { code, stderr, started } = await signIn(refused);
  expect([code, started]).toEqual([3, 1]);
  expect(stderr).toMatch(
    /^Error: default\/a is Expired: The server refused the token: invalid_token\.\nTry again\.\n$/m,
  );
});

// Class: the person has no license.
test('a server that lets nobody in after the sign-in is a warning', async () => {
  const { code, stderr } = await signIn({
    status: 'Authenticated',
    message: 'The server answered HTTP 403 to a request with your token: it does not let you in.',
  });
  expect(code).toBe(0);
  expect(stderr).toContain(
    'Signed in to default/a.\nWarning: Signed in, but it could not be verified: The server answered HTTP 403 to a request with your token: it does not let you in.\n',
  );
});
