import { isLoopback } from '../endpoint/web-address.ts';

/** What happened to a request without a whole response, and what the person can do about it. */
export type NetworkCause = { readonly what: string; readonly hint: string };

/** By the code of Node, OpenSSL, zlib or Node's HTTP parser; undefined for one that says nothing. */
export const causeOf = (code: string, url: URL): NetworkCause | undefined =>
  code === 'ECONNREFUSED'
    ? refused(url)
    : (causes[code] ?? causeOfTls(code, url) ?? causeOfGzip(code, url) ?? causeOfHttp(code));

const refused = (url: URL): NetworkCause => ({
  what: 'connection refused',
  hint: isLoopback(url)
    ? 'Check that it is running and that the port is right. To start it on this machine, run: npm start'
    : 'Check that the port is right. If it is, ask the owner of the address whether it is running.',
});

const anotherService = 'Check the address: another service may listen there.';

const causes: Readonly<Record<string, NetworkCause>> = {
  ECONNRESET: {
    what: 'the connection was closed without a response',
    hint: 'Try again. If it fails again, check whether the address needs https.',
  },
  EHOSTUNREACH: { what: 'no route to the host', hint: 'Check your network.' },
  ENETUNREACH: { what: 'no route to the network', hint: 'Check that you are online.' },
  ENOTFOUND: {
    what: 'the host name does not exist',
    hint: 'Check the address for typos. If the name is internal, connect to your VPN.',
  },
  EAI_AGAIN: {
    what: 'the host name could not be resolved',
    hint: 'Check that you are online. If the name is internal, connect to your VPN.',
  },
  ETIMEDOUT: { what: 'no response', hint: 'Check your network, then try again.' },
  HPE_HEADER_OVERFLOW: {
    what: 'the headers of the response are longer than 16 KB',
    hint: anotherService,
  },
};

/** Codes of zlib. */
const causeOfGzip = (code: string, { host }: URL): NetworkCause | undefined =>
  code.startsWith('Z_')
    ? {
        what: `the compressed response is broken or incomplete (${code})`,
        hint: `Try again. If it fails again, check whether a proxy between here and ${host} changes responses.`,
      }
    : undefined;

/** Codes of Node's HTTP parser. */
const causeOfHttp = (code: string): NetworkCause | undefined =>
  code.startsWith('HPE_')
    ? { what: `the response is not valid HTTP (${code})`, hint: anotherService }
    : undefined;

/** Codes of OpenSSL and of Node's check of the name. */
function causeOfTls(code: string, url: URL): NetworkCause | undefined {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return {
      what: `the TLS certificate ${what} (${code})`,
      hint: `This machine says that it is ${new Date().toISOString().slice(0, 16)}Z. If that is right, report it to the owner of ${url.host}.`,
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      what: `the TLS certificate is not for ${url.hostname} (${code})`,
      hint: 'Check the address for typos. If it is right, report it to its owner.',
    };
  if (code === 'EPROTO' || /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code))
    return {
      what: 'no TLS on this port',
      hint: isLoopback(url)
        ? 'Check whether the address needs http instead of https.'
        : 'Check the port of the address.',
    };
  if (/CERT|SIGNED|SIGNATURE/.test(code) && !code.startsWith('ERR_SSL_'))
    return {
      what: `the TLS certificate is not trusted (${/SELF_SIGNED/.test(code) ? 'self-signed, ' : ''}${code})`,
      hint: 'For a private certificate authority, set NODE_EXTRA_CA_CERTS to its PEM file.',
    };
  return /SSL|TLS/.test(code)
    ? { what: `TLS failed (${code})`, hint: 'Ask the owner of the address which TLS it supports.' }
    : undefined;
}
