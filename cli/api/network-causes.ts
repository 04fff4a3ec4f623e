/** What happened to a request without a response, and what the person can do about it. */
export type NetworkCause = { readonly what: string; readonly hint: string };

/** By the code of Node, OpenSSL or Node's HTTP parser; undefined for one that says nothing. */
export const causeOf = (code: string): NetworkCause | undefined =>
  causes[code] ?? causeOfTls(code) ?? causeOfHttp(code);

const causes: Readonly<Record<string, NetworkCause>> = {
  ECONNREFUSED: {
    what: 'connection refused',
    hint: 'Check that it is running and that the port is right. To start it on this machine, run: npm start',
  },
  ECONNRESET: {
    what: 'the connection was closed without a response',
    hint: 'Try again. If it fails again, check whether the address needs https.',
  },
  EHOSTUNREACH: { what: 'no route to the host', hint: 'Check your network.' },
  ENETUNREACH: { what: 'no route to the network', hint: 'Check that you are online.' },
  ENOTFOUND: { what: 'the host name does not exist', hint: 'Check the address for typos.' },
  EAI_AGAIN: { what: 'the host name could not be resolved', hint: 'Check that you are online.' },
  ETIMEDOUT: { what: 'no response', hint: 'Check your network, then try again.' },
  HPE_HEADER_OVERFLOW: {
    what: 'the headers of the response are longer than 16 KB',
    hint: 'Check the address: another service may listen there.',
  },
  EPROTO: {
    what: 'no TLS on this port',
    hint: 'Check whether the address needs http instead of https.',
  },
};

/** Codes of Node's HTTP parser. */
const causeOfHttp = (code: string): NetworkCause | undefined =>
  code.startsWith('HPE_')
    ? {
        what: `the response is not valid HTTP (${code})`,
        hint: 'Check the address: another service may listen there.',
      }
    : undefined;

const causeOfTls = (code: string): NetworkCause | undefined =>
  /CERT|SSL|TLS|SIGNED|SIGNATURE/.test(code)
    ? {
        what: `the TLS certificate is not trusted (${code})`,
        hint: 'For a private certificate authority, set NODE_EXTRA_CA_CERTS to its PEM file.',
      }
    : undefined;
