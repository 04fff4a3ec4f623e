import { request } from 'node:http';
import { expect, test } from 'vitest';
import { startLoopback } from '../../../cli/auth/loopback.ts';

const statusFor = (address: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(address, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

test('only a visit to the address that was given out counts', async () => {
  const { address, arrival, close } = await startLoopback('/callback', () => true);
  const { host, port } = new URL(address);
  const others = ['rebound.example', `rebound.example:${port}`, '127.0.0.1', `localhost:${port}`];
  for (const other of others) expect(await statusFor(`${address}?code=1`, other)).toBe(404);
  const arrived = arrival(2_000, { info: () => {} });
  const visit = statusFor(`${address}?code=2`, host);
  const { query, say } = await arrived;
  expect(query.get('code')).toBe('2');
  say('Done', 'You may close this page.');
  expect(await visit).toBe(200);
  close();
});

// claude-code#4760 #79505 #84614, mcp-remote#36: the issuer shows an error page, and nothing comes.
test('a person who waits for long reads once what to do, and the browser may still come', async () => {
  const { address, arrival, close } = await startLoopback('/callback', () => true);
  const lines: string[] = [];
  const reminded = Promise.withResolvers<void>();
  const arrived = arrival(10_000, {
    info: (line) => {
      lines.push(line);
      reminded.resolve();
    },
    afterMs: 1,
  });
  await reminded.promise;
  const visit = statusFor(`${address}?code=1`, new URL(address).host);
  (await arrived).say('Done', 'You may close this page.');
  expect(await visit).toBe(200);
  expect(lines).toEqual([
    'Still waiting for the browser. If the issuer shows an error, press Ctrl-C and run it again.',
  ]);
  close();
});
