/** A one-time secret goes to loopback, never to an address that a request names. */
import { expect } from 'vitest';
import { defined } from '../../functions/model/defined.ts';
import { nothingAllowed } from '../../functions/sessions/policy.ts';
import { startSignIn } from '../../functions/sessions/signin.ts';
import { aPerson } from '../world/person.ts';
import { aServer, connected } from '../world/server.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { attempt } from './attempt.ts';
import { clientOf } from './hostile-issuer.ts';

const { oauth, store, verify } = clientOf(addressGuard());
const ports = {
  ...store,
  ...oauth,
  now: () => new Date(),
  newSecret: () => 'a-secret',
  takeLimit: async () => ({ kind: 'allowed' as const }),
  verifyToken: verify,
  policy: { ...nothingAllowed, allowInsecure: true },
};

const start = (returnTo: string, livePage?: string) =>
  startSignIn(
    { ...ports, ...defined({ livePage }) },
    aServer({ status: connected('True') }),
    aPerson(),
    returnTo,
  );

const addresses: readonly string[] = [
  'https://evil.example.com/',
  'http://evil.example.com/',
  '//evil.example.com/',
  '/evil',
  'https://127.0.0.1:8000/',
  'https://localhost:8000/',
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://localhost/',
  'http://127.0.0.1.evil.example.com:80/',
  'http://localhost.evil:80/',
  'http://127.0.0.1:80@evil.example.com/',
  'http://evil.example.com:80#@127.0.0.1:8000/',

  'http://user@127.0.0.1:8000/',
  'http://user:password@127.0.0.1:8000/',
  'http://:x@[::1]:8000/',
  'http://127.0.0.1:8000/#fragment',
  'http://evil.example.com\\@127.0.0.1:8000/',

  'javascript:alert(1)',
  'data:text/html,<script>',
  'file:///etc/passwd',
  'vscode://x',
  'blob:x',
  'http://169.254.169.254:8000/',
  'http://10.0.0.1:8000/',
  'http://0.0.0.0:8000/',
  'http://[::]:8000/',
  'http://[::ffff:10.0.0.1]:8000/',
  'http://[fe80::1]:8000/',
  'http://127.0.0.2:8000/',
  'http://127.1.1.1:8000/',
  'http://a.localhost:8000/',

  'http://localhost.:8000/',
  'http://evil.example.com:8000/?127.0.0.1',
  'http://lοcalhost:8000/',

  'ftp://127.0.0.1:8000/',
  'ws://127.0.0.1:8000/',
  'http:/evil',
  'http:\\\\evil.example.com:80',
  '',
  ' ',
  '\u0000',
  'null',
  'undefined',
  'http://',
  'http://:8000/',
  '127.0.0.1:8000',
  'http://127.0.0.1:99999/',
  'http://127.0.0.1:-1/',
  'http://127.0.0.1:8000\u0000.evil.com/',
];

attempt('no sign-in starts that would end elsewhere', addresses, async (address) => {
  expect((await start(address)).kind).toBe('badReturnTo');
});

const own = ['http://127.0.0.1:8000/', 'http://[::1]:8000/callback', 'http://localhost:1/?a=b'];

attempt('loopback with a port is not refused', own, async (address) => {
  expect((await start(address)).kind).not.toBe('badReturnTo');
});

const livePage = 'https://muster.example.com/live/';
const besideIt: readonly string[] = [
  'https://muster.example.com/live',
  'https://muster.example.com/live/?x',
  'https://muster.example.com/live/?',
  'https://muster.example.com/live/#',
  'https://muster.example.com/live/#fragment',
  'https://muster.example.com/live/../',
  'https://muster.example.com/live/../live/',
  'https://muster.example.com/live/./',
  'https://muster.example.com/./live/',
  'https://muster.example.com//live/',
  'https://muster.example.com/live//',
  'https://muster.example.com/live/x',
  'https://muster.example.com/live/index.html',
  'https://muster.example.com/%6Cive/',
  'https://muster.example.com/live%2F',
  'https://muster.example.com/Live/',
  'https://MUSTER.example.com/live/',
  'HTTPS://muster.example.com/live/',
  'https://muster.example.com:443/live/',
  'https://muster.example.com:8443/live/',
  'https://muster.example.com./live/',
  'https://user@muster.example.com/live/',
  'https://user:password@muster.example.com/live/',
  'https://@muster.example.com/live/',
  'https://muster.example.com\\@evil.example.com/live/',
  'https://muster.example.com@evil.example.com/live/',
  'https://evil.example.com/live/',
  'https://evil.example.com/https://muster.example.com/live/',
  'https://a.muster.example.com/live/',
  'https://muster.example.com.evil.example.com/live/',
  'http://muster.example.com/live/',
  '//muster.example.com/live/',
  '/live/',
  'muster.example.com/live/',
  ' https://muster.example.com/live/',
  'https://muster.example.com/live/ ',
  'https://muster.example.com/live/\n',
  'https://muster.example.com/live/\u0000',
  'https://muster.ехample.com/live/',
  'https:/muster.example.com/live/',
  'https:\\\\muster.example.com/live/',
  'https://muster.example.com/v1/live/',
  'https://muster.example.com/',
];

attempt('no page but exactly the live page is returned to', besideIt, async (address) => {
  expect((await start(address, livePage)).kind).toBe('badReturnTo');
});

attempt('nor any of those on loopback that are not', addresses, async (address) => {
  expect((await start(address, livePage)).kind).toBe('badReturnTo');
});

attempt('the live page is not refused, unless it is off', [livePage], async (address) => {
  expect((await start(address, livePage)).kind).not.toBe('badReturnTo');
  expect((await start(address)).kind).toBe('badReturnTo');
});
