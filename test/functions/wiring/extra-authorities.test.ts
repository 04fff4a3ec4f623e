import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConnector } from '../../../functions/wiring/network-client.ts';
import { startTlsFaults, type TlsFaults } from '../../world/tls-faults.ts';

let tls: TlsFaults;
let folder: string;
beforeAll(async () => {
  [tls, folder] = await Promise.all([startTlsFaults(), mkdtemp(join(tmpdir(), 'authorities-'))]);
  await writeFile(join(folder, 'ca.pem'), tls.caPem);
});
afterAll(() => Promise.all([tls.close(), rm(folder, { recursive: true })]));

/** Whether a server of a private authority is trusted. */
const isTrusted = (authorities: { extraCaPem?: string; extraCaFile?: string }): Promise<boolean> =>
  new Promise((resolve) => {
    const { port } = new URL(tls.urls['valid'] ?? '');
    const settings = { dnsServers: [], allowLocal: true, guardAllow: [], ...authorities };
    const { secureContext } = createConnector(settings);
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      servername: 'localhost',
      secureContext,
    });
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

test('a private authority is trusted by EXTRA_CA and by EXTRA_CA_FILE, and not without', async () => {
  expect(
    await Promise.all([
      isTrusted({ extraCaPem: tls.caPem }),
      isTrusted({ extraCaFile: join(folder, 'ca.pem') }),
      isTrusted({}),
    ]),
  ).toEqual([true, true, false]);
});
