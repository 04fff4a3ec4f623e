/** RFC 8252, section 7.3, and localhost, which section 8.3 discourages and browsers resolve to it. */
const hosts = ['127.0.0.1', '[::1]', 'localhost'] as const;

/** By the hostname of a URL. */
export const loopbackHosts: ReadonlySet<string> = new Set(hosts);

/** Where the browser comes back to the command line after a sign-in to muster (RFC 8252, 7.3). */
export type LoopbackRedirect = {
  readonly host: (typeof hosts)[number];
  /** 0: any free one. */
  readonly port: number;
  readonly path: string;
  /** The redirect address with this port, byte for byte as it was written. */
  readonly addressAt: (port: number) => string;
};

/** What the command line used before there was a setting. */
export const anyPortRedirect = 'http://127.0.0.1/callback';

/** This path at any free port of 127.0.0.1. */
export const onAnyPort = (path: string): LoopbackRedirect => ({
  host: '127.0.0.1',
  port: 0,
  path,
  addressAt: (port) => `http://127.0.0.1:${String(port)}${path}`,
});

const syntax = /^(http:\/\/(127\.0\.0\.1|\[::1\]|localhost))(?::([1-9]\d{0,4}))?((?:\/[\w.~-]*)*)$/;

/**
 * A loopback address, if it is one that the command line can listen at and an issuer can compare:
 * http, one of three hosts, a port from 1 to 65535 or none, a path of plain characters.
 */
export function loopbackRedirect(text: string): LoopbackRedirect | undefined {
  const [, origin = '', name, digits, path = ''] = syntax.exec(text) ?? [];
  const host = hosts.find((one) => one === name);
  const port = Number(digits ?? 0);
  // Browsers leave port 80 out of the Host header, and out of the address that comes back.
  if (host === undefined || text.length > longest || port > 65_535 || port === 80) return undefined;
  // A browser would change the address on the way.
  if (path.split('/').some((part) => part === '.' || part === '..')) return undefined;
  return {
    host,
    port,
    path: path === '' ? '/' : path,
    addressAt: (at) => `${origin}:${String(at)}${path}`,
  };
}

const longest = 256;
