import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { isIP, Socket } from 'node:net';
import { defined } from '../../functions/model/defined.ts';
import { proxyFor } from '../api/proxy.ts';
import { openTunnel } from '../api/proxy-tunnel.ts';
import { trace } from '../api/trace.ts';
import { codeOf } from '../token-store/private-file.ts';
import { brokeOff, notReached } from './bridge-error.ts';

/** One HTTP request to the MCP server. */
export type ServerRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly token?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Called when all of it is on its way. */
  readonly written?: (() => void) | undefined;
};

export type ServerClient = {
  /** The response at its headers. Throws `BridgeError` where there is none. Follows no redirect. */
  readonly send: (request: ServerRequest) => Promise<IncomingMessage>;
  readonly close: () => void;
};

/**
 * Below the 5 s after which common servers close an idle connection: a request on a connection that
 * is just being closed would be lost, and nobody could say whether it was carried out.
 */
const idleMs = 4_000;
const connectMs = 15_000;

/** Requests by node:http, which lets an answer take its time: fetch cuts a quiet one after 5 min. */
export function serverClient(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): ServerClient {
  const agents = new Map<string, Promise<Agent>>();
  const agentFor = (url: URL): Promise<Agent> => {
    const agent = agents.get(url.origin) ?? newAgent(url, environment);
    agents.set(url.origin, agent);
    return agent;
  };
  const send = async (wanted: ServerRequest): Promise<IncomingMessage> => {
    const { method, url, token, headers, body, signal, written } = wanted;
    const ask = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
    const agent = await agentFor(url);
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = ask(url, {
        method,
        agent,
        signal,
        headers: defined({
          ...headers,
          'user-agent': 'muster',
          authorization: token === undefined ? undefined : `Bearer ${token}`,
          'content-type': body === undefined ? undefined : 'application/json',
        }),
      });
      let isConnected = false;
      const connected = () => {
        isConnected = true;
        clearTimeout(late);
      };
      const late = setTimeout(() => outgoing.destroy(new Error('no connection')), connectMs);
      outgoing.once('socket', (socket) => {
        if (outgoing.reusedSocket) connected();
        else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      outgoing.once('finish', () => written?.());
      outgoing.once('response', (answer) => {
        trace(method, url, String(answer.statusCode), startedAt);
        resolve(answer);
      });
      // It stays: a connection may also end while the response is read.
      outgoing.on('error', (error) => {
        clearTimeout(late);
        const code = codeOf(error) ?? '';
        trace(method, url, code || 'no response', startedAt);
        // What is no HTTP did not read the request either.
        const isLost = isConnected && !code.startsWith('HPE_');
        reject(isLost ? brokeOff(name) : notReached(name, url, error));
      });
      outgoing.end(body);
    });
  };
  const close = () =>
    agents.forEach((agent) => void agent.then((made) => made.destroy()).catch(() => undefined));
  return { send, close };
}

async function newAgent(
  url: URL,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Agent> {
  const options = { keepAlive: true, timeout: idleMs };
  if (url.protocol === 'http:') return new Agent(options);
  const agent = new (await import('node:https')).Agent(options);
  const proxy = proxyFor(url, environment);
  if (proxy === undefined) return agent;
  const { connect } = await import('node:tls');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const servername = isIP(host) === 0 ? host : '';
  const { signal } = new AbortController();
  agent.createConnection = (_options, done) => {
    openTunnel(proxy, url, signal).then(
      (socket) => done?.(null, connect({ socket, host, servername })),
      (error: Error) => done?.(error, new Socket()),
    );
    return undefined;
  };
  return agent;
}
