import { Agent, createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Listening, listen } from '../../local/listen.ts';

export type Passed = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** What goes wrong with one request. */
export type ProxyFault =
  | { readonly kind: 'answer'; readonly status: number }
  | { readonly kind: 'resetBefore' }
  /** The server behind has done it; its answer is lost. */
  | { readonly kind: 'resetAfter' };

/** Stands before a server on loopback, and tells `answered` what that answered. */
export async function startFaultyProxy(
  target: string,
  faultOf: (passed: Passed) => ProxyFault | undefined,
  answered: (passed: Passed, status: number, body: string) => void = () => {},
): Promise<Listening> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url: path = '/', headers } = request;
      const passed = { method, path, headers, body: (await buffer(request)).toString() };
      const fault = faultOf(passed);
      if (fault?.kind === 'answer') {
        response.writeHead(fault.status, { 'retry-after': '0' }).end('{}');
        return;
      }
      if (fault?.kind === 'resetBefore') {
        request.socket.resetAndDestroy();
        return;
      }
      const onward = send(`${target}${path}`, { method, headers, agent }, (answer) => {
        void (async () => {
          const body = await buffer(answer);
          const { statusCode: status = 502 } = answer;
          answered(passed, status, body.toString());
          if (fault?.kind === 'resetAfter') request.socket.resetAndDestroy();
          else response.writeHead(status, answer.headers).end(body);
        })();
      });
      onward.on('error', () => request.socket.resetAndDestroy());
      onward.end(passed.body);
    })();
  });
  const listening = await listen(server);
  return {
    ...listening,
    close: async () => {
      await listening.close();
      agent.destroy();
    },
  };
}
