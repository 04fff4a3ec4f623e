import { expect, test } from 'vitest';
import { proxyFor } from '../../../cli/api/proxy.ts';

const proxy = 'http://proxy.example.com:3128';
const usedFor = (target: string, environment: Record<string, string>) => {
  const found = proxyFor(new URL(target), environment);
  return found && `${found.variable} ${found.url.host}`;
};

test.each<[string, string, Record<string, string>, string | undefined]>([
  ['nothing is set', 'https://a.example.com', {}, undefined],
  ['HTTPS_PROXY for https', 'https://a.example.com', { HTTPS_PROXY: proxy }, 'HTTPS_PROXY'],
  ['https_proxy for https', 'https://a.example.com', { https_proxy: proxy }, 'https_proxy'],
  [
    'small letters win',
    'https://a.example.com',
    { https_proxy: proxy, HTTPS_PROXY: 'http://b' },
    'https_proxy',
  ],
  ['HTTPS_PROXY is not for http', 'http://a.example.com', { HTTPS_PROXY: proxy }, undefined],
  ['http is spoken on this machine only', 'http://a.example.com', { HTTP_PROXY: proxy }, undefined],
  ['HTTP_PROXY is not for https', 'https://a.example.com', { HTTP_PROXY: proxy }, undefined],
  ['ALL_PROXY for the rest', 'https://a.example.com', { ALL_PROXY: proxy }, 'ALL_PROXY'],
  [
    'the own variable before ALL_PROXY',
    'https://a.example.com',
    { ALL_PROXY: 'http://b', HTTPS_PROXY: proxy },
    'HTTPS_PROXY',
  ],
  [
    'one that is empty is not set',
    'https://a.example.com',
    { https_proxy: '', HTTPS_PROXY: proxy },
    'HTTPS_PROXY',
  ],
  [
    'an address without a scheme',
    'https://a.example.com',
    { HTTPS_PROXY: 'proxy.example.com:3128' },
    'HTTPS_PROXY',
  ],
])('%s', (_sentence, target, environment, variable) => {
  expect(usedFor(target, environment)).toBe(variable && `${variable} proxy.example.com:3128`);
});

test.each([
  'http://127.0.0.1:8787',
  'http://localhost:8787',
  'http://[::1]:8787',
  'http://127.1.2.3',
])('%s is this machine and never reached by a proxy', (target) => {
  expect(usedFor(target, { ALL_PROXY: proxy, HTTP_PROXY: proxy })).toBeUndefined();
});

// Each as curl (curl.se/docs/manpage.html, --noproxy) and Go (golang.org/x/net/http/httpproxy) take it.
test.each<[string, string, boolean]>([
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://muster.example.com', true],
  ['example.com', 'https://notexample.com', false],
  ['EXAMPLE.com', 'https://muster.example.com', true],
  ['.example.com', 'https://muster.example.com', true],
  ['*.example.com', 'https://muster.example.com', true],
  ['example.com.', 'https://muster.example.com', true],
  ['example.com', 'https://muster.example.com./', true],
  ['a.org, example.com', 'https://muster.example.com', true],
  ['a.org example.com', 'https://muster.example.com', true],
  ['example.com:443', 'https://muster.example.com', true],
  ['example.com:8443', 'https://muster.example.com', false],
  ['example.com:8443', 'https://muster.example.com:8443', true],
  ['*', 'https://muster.example.com', true],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/8', 'https://muster.example.com', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:8443', 'https://10.1.2.3', false],
  ['1.2.3', 'https://10.1.2.3', false],
  ['[fd00::1]', 'https://[fd00::1]', true],
  ['fd00::/8', 'https://[fd00::1]', true],
  ['[fd00::1]:8443', 'https://[fd00::1]:8443', true],
  ['2001:db8::/32', 'https://[fd00::1]', false],
  ['', 'https://muster.example.com', false],
])('NO_PROXY=%s: %s is reached without the proxy: %s', (noProxy, target, isDirect) => {
  for (const name of ['NO_PROXY', 'no_proxy'])
    expect(usedFor(target, { HTTPS_PROXY: proxy, [name]: noProxy }) === undefined).toBe(isDirect);
});

test.each(['socks5://proxy.example.com:1080', 'http://', 'file:///etc'])(
  'a proxy at %s is an error that names the variable, and not its value',
  (value) => {
    expect(() => proxyFor(new URL('https://a.example.com'), { HTTPS_PROXY: value })).toThrow(
      'HTTPS_PROXY is not the address of an http proxy.',
    );
  },
);
