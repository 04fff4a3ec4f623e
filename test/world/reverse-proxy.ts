import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createAuthority } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import type { LocalCluster } from '../../local/cluster/local-cluster.ts';

/** TLS with HTTP/2 and HTTP/1.1 before the local cluster, as a real API server has them. */
export type ReverseProxy = {
  readonly kubeconfig: string;
  readonly connections: () => number;
  readonly close: () => void;
};

export async function startReverseProxy({ url, kubeconfig }: LocalCluster): Promise<ReverseProxy> {
  const authority = await createAuthority();
  const { certPem: cert, keyPem: key } = await authority.issue({ hosts: ['127.0.0.1'] });
  let connections = 0;
  const proxy: Http2SecureServer = createSecureServer(
    { cert, key, allowHTTP1: true },
    async (request, response) => {
      const method = request.method;
      const { 'content-type': contentType = 'application/json' } = request.headers;
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = method === 'GET' ? {} : { body: Buffer.concat(chunks) };
      const answer = await fetch(`${url}${request.url}`, {
        method,
        headers: { 'content-type': contentType },
        ...body,
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    },
  );
  proxy.on('secureConnection', () => {
    connections += 1;
  });
  const { port } = await listen(proxy);
  return {
    kubeconfig: kubeconfig
      .replace(url, `https://127.0.0.1:${port}`)
      .replace(
        'insecure-skip-tls-verify: true',
        `certificate-authority-data: ${Buffer.from(authority.caPem).toString('base64')}`,
      ),
    connections: () => connections,
    close: () => proxy.close(),
  };
}
