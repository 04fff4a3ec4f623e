import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { byDevice } from '../../../cli/auth/device.ts';
import { listen } from '../../../local/listen.ts';

/** An issuer whose person never enters the code, and says no in the end. */
async function signIn(interrupted = new AbortController().signal) {
  const { url, close } = await listen(
    createServer((request, response) =>
      request.url === '/device'
        ? response.end(
            JSON.stringify({
              device_code: 'a-device-code-of-some-length',
              user_code: 'ABCD-EFGH',
              verification_uri: 'https://login.example.com/device',
              expires_in: 600,
              interval: 1,
            }),
          )
        : response.writeHead(400).end('{"error":"access_denied"}'),
    ),
  );
  onTestFinished(close);
  const [lines, instructions]: [string[], string[]] = [[], []];
  let minutes = 0;
  const ended = byDevice(
    {
      issuer: url,
      authorizationEndpoint: `${url}/auth`,
      tokenEndpoint: `${url}/token`,
      deviceEndpoint: `${url}/device`,
      namesItself: false,
      asksForConsent: false,
    },
    { issuer: url, clientId: 'muster-cli', scopes: ['openid'] },
    {
      endpoint: 'https://muster.example.com',
      info: (line) => void lines.push(line),
      instruct: (line) => void instructions.push(line),
      interrupted,
      // Each look at the clock is a minute later.
      now: () => new Date(60_000 * (minutes += 1)),
    },
  );
  return { ended, lines, instructions };
}

test('a person who enters no code reads after a minute that the command waits', async () => {
  const { ended, lines, instructions } = await signIn();
  await expect(ended).rejects.toThrow('refused the sign-in: access_denied.');
  expect(lines).toEqual(['Still waiting for the code to be entered. To stop, press Ctrl-C.']);
  expect(instructions.join('\n')).toContain('It asks for this code: ABCD-EFGH');
});

test('Ctrl-C ends the wait for the code', async () => {
  const controller = new AbortController();
  const { ended } = await signIn(controller.signal);
  controller.abort();
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
});
