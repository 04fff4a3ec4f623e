/**
 * What the pages of reasons claim about Node.js and curl, compared with what these two say about
 * servers that fail, and with the reason of a probe.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReasonName } from '../../functions/model/reason-facts.ts';
import { reasonWords, type ReasonWords } from '../../site/reference/reason-words.ts';
import { answerRows } from '../world/cases/answer-rows.ts';
import type { Row } from '../world/cases/fault-case.ts';
import { tlsRows } from '../world/cases/tls-rows.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { startTlsFaults, type TlsFaults } from '../world/tls-faults.ts';

type Client = 'node' | 'curl';
/** Servers of the fault world by name; what a probe says of them is in their rows. */
const failing: readonly (readonly [ReasonName, server: string, readonly Client[]])[] = [
  ['ConnectionRefused', 'refused', ['node', 'curl']],
  ['ConnectionReset', 'reset', ['node', 'curl']],
  ['ConnectionReset', 'closed without an answer', ['node', 'curl']],
  ['NotHTTP', 'not HTTP', ['node', 'curl']],
  // Node waits for as long as its program says.
  ['Timeout', 'accepts and stays silent', ['curl']],
  ['TLSProtocol', 'TLS to a plain port', ['node', 'curl']],
  ['TLSExpired', 'expired', ['node', 'curl']],
  ['TLSNotYetValid', 'not yet valid', ['node', 'curl']],
  ['TLSHostname', 'for another host', ['node', 'curl']],
  ['TLSUntrusted', 'self-signed', ['node', 'curl']],
  ['TLSUntrusted', 'without its intermediate', ['node', 'curl']],
  ['TLSUntrusted', 'of an unknown authority, which comes along', ['node', 'curl']],
  ['ClientCertificateRequired', 'a client certificate, TLSv1.3', ['node', 'curl']],
];

let faults: Awaited<ReturnType<typeof startFaultWorld>>;
let tls: TlsFaults;
let folder: string;
let hasCurl: boolean;

beforeAll(async () => {
  [faults, tls] = await Promise.all([startFaultWorld(), startTlsFaults()]);
  folder = await mkdtemp(join(tmpdir(), 'reason-words-'));
  await writeFile(join(folder, 'ca.pem'), tls.caPem);
  hasCurl = await new Promise((resolve) =>
    execFile('curl', ['--version'], (error) => resolve(error === null)),
  );
});
afterAll(async () => {
  await Promise.all([faults.end(), tls.close(), rm(folder, { recursive: true })]);
});

const urlOf = (server: string): string =>
  tls.urls[server] ?? faults.urls[server] ?? `no server is called ${server}`;

/** The code and the message of the error of a plain client of Node.js. */
const ofNode = (url: string): Promise<string> =>
  new Promise((resolve) => {
    const options = { ca: tls.caPem, family: 4, agent: false as const };
    const get = url.startsWith('https:') ? getHttps : getHttp;
    get(url, options, (response) => {
      response.destroy();
      resolve(`HTTP ${String(response.statusCode)}`);
    }).on('error', (error: NodeJS.ErrnoException) =>
      resolve(`${error.code ?? ''} ${error.message}`),
    );
  });

const ofCurl = (url: string): Promise<string> =>
  new Promise((resolve) => {
    const flags = '--silent --show-error --ipv4 --max-time 0.5 --noproxy * --output /dev/null';
    const all = [...flags.split(' '), '--cacert', join(folder, 'ca.pem'), url];
    execFile('curl', all, { env: { PATH: process.env['PATH'] } }, (error, _, stderr) =>
      resolve(stderr || (error?.message ?? 'an answer')),
    );
  });

const rows: readonly Row[] = [...answerRows, ...tlsRows];

const claimed = (reason: ReasonName, client: Client): readonly string[] => {
  const words: ReasonWords = reasonWords[reason];
  return words[client] ?? [];
};

describe.each(failing)('%s: %s', (reason, server, clients) => {
  test('is the reason of a probe', () => {
    expect(rows.find(([name]) => name === server)?.[1].split(' ')[1]).toBe(reason);
  });
  test.each(clients)('%s says what the page claims', async (client) => {
    if (client === 'curl' && !hasCurl) return;
    const said = await (client === 'node' ? ofNode : ofCurl)(urlOf(server));
    expect(claimed(reason, client).filter((text) => said.includes(text))).not.toEqual([]);
  });
});

test('Node.js has one of the codes of DNSFailure for a name that does not exist', async () => {
  const said = await ofNode('http://no-such-host.invalid/');
  expect(claimed('DNSFailure', 'node').filter((text) => said.includes(text))).not.toEqual([]);
});
