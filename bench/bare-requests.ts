/** The least that asks a server with a library: a fresh connection, and the status of the answer. */
import { Agent, get } from 'node:http';
import { Client } from 'undici';

type Headers = Readonly<Record<string, string>>;

const agent = new Agent({ keepAlive: false });

export const bareRequests = {
  'node:http': (origin: string, path: string, headers: Headers): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(origin);
      get({ agent, host, port, path, headers }, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      }).once('error', reject);
    }),
  undici: async (origin: string, path: string, headers: Headers): Promise<number> => {
    const client = new Client(origin, { allowH2: false });
    try {
      const { statusCode, body } = await client.request({ path, method: 'GET', headers });
      body.on('error', () => {}).destroy();
      return statusCode;
    } finally {
      await client.destroy();
    }
  },
} as const;
