import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ExchangeFailure } from './exchange-failure.ts';
import type { ProbeRequest } from './http-exchange.ts';

/**
 * The head of a request without a body, in latin1. `host` among its headers replaces that of the URL.
 * Throws `UNUSABLE_REQUEST` for what must not be sent.
 */
export function requestHead({
  url,
  method,
  headers,
}: Pick<ProbeRequest, 'url' | 'method' | 'headers'>): string {
  let host = url.host;
  let lines = '';
  for (const [name, value] of Object.entries(headers)) {
    if (!mayBeSent(name, value)) throw new ExchangeFailure('UNUSABLE_REQUEST');
    if (name.length === 4 && name.toLowerCase() === 'host') host = value;
    else lines += `${name}: ${value}\r\n`;
  }
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lines}\r\n`;
}

function mayBeSent(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    return false; // They throw for nothing else.
  }
  return !ofConnection.has(name.toLowerCase());
}

/** They control the connection (RFC 9110, section 7.6.1) and the body, of which there is none. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);
