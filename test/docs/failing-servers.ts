/** A server for each way to fail, and for answers that look like a failure: the world `faults`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../functions/model/setting-reader.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { mcpServer } from './demo-servers.ts';

/** The name that a page uses, and the server of `test/world/faults.ts`. */
const servers = {
  refused: 'refused',
  'tls-to-a-plain-port': 'TLS to a plain port',
  'expired-certificate': 'expired certificate',
  'early-certificate': 'certificate that is not valid yet',
  'untrusted-certificate': 'certificate of an unknown authority',
  'certificate-of-another-host': 'certificate for another host',
  silent: 'accepts and stays silent',
  closes: 'closed without an answer',
  resets: 'reset',
  'not-http': 'not HTTP',
  'gateway-503': '503',
  'error-500': '500',
  'unauthorized-401': '401 with a challenge',
  'forbidden-403': '403',
  'no-such-path-404': '404',
  'gone-410': '410',
  'limited-429': '429 with Retry-After',
  'web-page': '200 with HTML',
  'redirects-elsewhere': 'redirect to a login page elsewhere',
} as const;

/** Names that no server has to listen for. */
const addresses = {
  'unknown-name': { url: 'http://no-such-host.invalid/mcp' },
  'invalid-header': { url: 'http://127.0.0.1:9/mcp', headers: { 'not a name': 'x' } },
} as const;

export type FailingServerName = keyof typeof servers | keyof typeof addresses;

export type FailingServers = {
  readonly yaml: string;
  readonly settings: Environment;
  readonly close: () => Promise<void>;
};

/** `folder` takes the file of the authority. */
export async function startFailingServers(folder: string): Promise<FailingServers> {
  const { urls, caPem, resolvers, end } = await startFaultWorld();
  const caFile = join(folder, 'authority.pem');
  await writeFile(caFile, caPem);
  const declared = [
    ...Object.entries(servers).map(([name, fault]) => [name, { url: urls[fault] }] as const),
    ...Object.entries(addresses),
  ];
  return {
    // A second, so that the silent ones do not hold the tests up.
    yaml: declared
      .map(([name, spec]) => mcpServer(name, { type: 'streamable-http', timeout: 1, ...spec }))
      .join('---\n'),
    settings: { EXTRA_CA_FILE: caFile, DNS_SERVERS: resolvers.answering },
    close: end,
  };
}
