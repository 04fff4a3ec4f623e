import { expect, test } from 'vitest';
import { openerOf, showAddress } from '../../../cli/auth/browser.ts';
import { openable, webAddress } from '../../../cli/endpoint/web-address.ts';

const far = 'https://login.example.com';
const near = 'http://127.0.0.1:8787';

test.each([
  ['https://login.example.com/auth?client_id=a&state=b', far],
  ['https://login.example.com:8443/', far],
  ['HTTPS://LOGIN.example.com/', far],
  ['http://127.0.0.1:9/auth', near],
  ['http://[::1]:9/auth', near],
  ['http://localhost/auth', near],
])('%s, named by %s, is an address to open', (text, from) => {
  expect(webAddress(text, from)?.href).toBe(new URL(text).href);
});

const refused: readonly (readonly [string, string, string])[] = [
  ['a file', 'file:///etc/passwd', near],
  ['a file that names this machine as its host', 'file://localhost/etc/passwd', near],
  ['a share of Windows', '\\\\evil.example.com\\share\\x.exe', far],
  ['a share as a file', 'file://evil.example.com/share/x.exe', far],
  ['an editor', 'vscode://file/etc/passwd', far],
  ['an editor that names this machine as its host', 'vscode://localhost/etc/passwd', near],
  ['a script', 'javascript:alert(1)', near],
  ['data', 'data:text/html,x', near],
  ['mail', 'mailto:a@example.com', far],
  ['a protocol of Windows with an argument', 'ms-msdt:/id PCWDiagnostic', far],
  ['a search of Windows', 'search-ms:query=x&crumb=location:\\\\evil', far],
  ['an option of the opener', '--version', far],
  ['an option before an address', '-n https://login.example.com/', far],
  ['plain http elsewhere', 'http://login.example.com/', far],
  ['plain http in a private network', 'http://10.0.0.1/', near],
  ['a name below localhost, which DNS may answer', 'http://evil.localhost/', near],
  ['a password', 'https://ada:secret@login.example.com/', far],
  ['a user name that looks like a host', 'https://login.example.com@evil.example.com/', far],
  ['a line break', 'https://login.example.com/\nhttps://evil.example.com', far],
  ['a tab', 'https://login.exa\tmple.com/', far],
  ['a blank', 'https://login.example.com/ --args', far],
  ['a terminal sequence', 'https://login.example.com/\u001b]8;;https://evil\u0007', far],
  ['a change of direction', 'https://login.example.com/\u202egpj.exe', far],
  ['a zero-width character', 'https://login.exam\u200bple.com/', far],
  ['nothing', '', far],
  ['no address', 'login.example.com', far],
  ['more than 8,192 characters', `https://login.example.com/?${'a'.repeat(8_192)}`, far],
  ['this machine, named by another one', 'http://127.0.0.1:3000/transfer?to=evil', far],
  ['this machine over https, named by another one', 'https://localhost/', far],
];

test.each(refused)('%s is neither opened nor printed', (_, text, from) => {
  expect(webAddress(text, from)).toBeUndefined();
  const printed: string[] = [];
  const info = (line: string): void => void printed.push(line);
  for (const browser of [true, false])
    expect(() => showAddress(text, { browser, info, from })).toThrow(
      expect.objectContaining({ exitCode: 3, hint: expect.stringContaining('Only https') }),
    );
  expect(printed).toEqual([]);
});

test('the reason names the scheme and nothing else of the address', () => {
  const show = (text: string) => () =>
    showAddress(text, { browser: false, info: () => {}, from: far });
  expect(show('file:///home/ada?code=secret')).toThrow(
    'https://login.example.com named a file: address that is not safe to open, so the sign-in was stopped.',
  );
});

test('an address is given to the opener without characters that a shell reads', () => {
  const url = new URL("https://login.example.com/a'b?q=$(touch x)`touch y`|z'&state=1;x^{}\\");
  const text = openable(url);
  expect(text).toMatch(/^https:\/\/[\w\-.~:/?#[\]@!&*+,;=%]+$/);
  expect(new URL(text).searchParams.get('q')).toBe(url.searchParams.get('q'));
  expect(decodeURIComponent(text)).toBe(decodeURIComponent(url.href));
});

test.each<[NodeJS.Platform, Readonly<Record<string, string>>, readonly string[]]>([
  ['linux', {}, ['xdg-open', 'https://a.example/?b&c']],
  ['darwin', {}, ['/usr/bin/open', 'https://a.example/?b&c']],
  [
    'win32',
    { SystemRoot: 'D:\\Win' },
    ['D:\\Win\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', 'https://a.example/?b&c'],
  ],
])('on %s the address is one argument of a program that is no shell', (platform, env, command) => {
  expect(openerOf('https://a.example/?b&c', platform, env)).toEqual(command);
});
