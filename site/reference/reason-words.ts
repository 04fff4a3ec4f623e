/**
 * What people see elsewhere, and type into a search field, when a server has a reason. The pages of
 * the reasons list it, so that this site and search engines find them.
 */
import type { ReasonName } from '../../functions/model/reason-facts.ts';

export type ReasonWords = {
  /** Codes and messages of Node.js. */
  readonly node?: readonly string[];
  /** The beginning of what curl prints, or a piece of it. */
  readonly curl?: readonly string[];
  /** Texts of Chrome, Edge, Safari and Firefox. */
  readonly browser?: readonly string[];
  /** Texts of programs in Go, such as kubectl and the clients of the cluster. */
  readonly go?: readonly string[];
  /** Texts of Python, Java and OpenSSL. */
  readonly other?: readonly string[];
  /** Texts of proxies, load balancers and service meshes. */
  readonly proxy?: readonly string[];
  /** What it is called in words. */
  readonly words: readonly string[];
};

/** A reason that is not here does not compile. */
export const reasonWords = {
  Responded: {
    words: ['up', 'healthy', 'reachable', 'HTTP 200', '200 OK', '400 Bad Request', '403 Forbidden'],
  },
  AuthenticationRequired: {
    browser: ['HTTP ERROR 401', 'This page isn’t working'],
    other: ['WWW-Authenticate: Bearer', 'invalid_token', 'insufficient_scope'],
    words: [
      '401 Unauthorized',
      '401',
      '403 with a Bearer challenge',
      'authentication required',
      'login required',
      'sign-in required',
    ],
  },
  Redirected: {
    browser: ['ERR_TOO_MANY_REDIRECTS', 'redirected you too many times'],
    curl: ['curl: (47) Maximum (50) redirects followed'],
    go: ['stopped after 10 redirects'],
    words: [
      '301 Moved Permanently',
      '302 Found',
      '307 Temporary Redirect',
      '308 Permanent Redirect',
      'redirect loop',
      'redirect to a login page',
    ],
  },
  EndpointNotFound: {
    browser: ['HTTP ERROR 404'],
    proxy: ['default backend - 404', '404 page not found'],
    words: ['404 Not Found', '404', 'wrong path', 'Cannot GET /', 'session not found'],
  },
  EndpointGone: { words: ['410 Gone', '410', 'endpoint removed', 'server moved for good'] },
  RateLimited: {
    words: [
      '429 Too Many Requests',
      '429',
      'rate limit exceeded',
      'quota exceeded',
      'throttled',
      'Retry-After',
    ],
  },
  ServerError: {
    browser: ['HTTP ERROR 500'],
    words: ['500 Internal Server Error', '500', '501 Not Implemented', 'server crashed', '5xx'],
  },
  InvalidSpec: {
    node: ['ERR_INVALID_URL', 'Invalid URL'],
    curl: ['curl: (3) URL using bad/illegal format or missing URL'],
    go: ['unsupported protocol scheme', 'first path segment in URL cannot contain colon'],
    words: ['invalid url', 'invalid header', 'malformed URL', 'unsupported scheme'],
  },
  BlockedByPolicy: {
    words: [
      'private address',
      'loopback address',
      'localhost',
      '127.0.0.1',
      '10.0.0.0/8',
      '192.168.0.0/16',
      '169.254.169.254',
      'cloud metadata address',
      'SSRF protection',
      'not allowed by the guard',
      'blocked',
    ],
  },
  DNSFailure: {
    node: ['ENOTFOUND', 'EAI_AGAIN', 'getaddrinfo ENOTFOUND', 'queryA ENOTFOUND', 'ESERVFAIL'],
    curl: ['curl: (6) Could not resolve host'],
    browser: [
      'ERR_NAME_NOT_RESOLVED',
      'DNS_PROBE_FINISHED_NXDOMAIN',
      'This site can’t be reached',
      'server IP address could not be found',
      'Hmm. We’re having trouble finding that site.',
    ],
    go: ['dial tcp: lookup', 'no such host', 'server misbehaving'],
    other: [
      'Name or service not known',
      'Temporary failure in name resolution',
      'nodename nor servname provided',
      'java.net.UnknownHostException',
      'NXDOMAIN',
      'SERVFAIL',
    ],
    words: ['DNS error', 'unknown host', 'host not found', 'wrong domain', 'name not resolved'],
  },
  TLSExpired: {
    node: ['CERT_HAS_EXPIRED', 'certificate has expired'],
    curl: ['curl: (60) SSL certificate problem: certificate has expired'],
    browser: [
      'NET::ERR_CERT_DATE_INVALID',
      'SEC_ERROR_EXPIRED_CERTIFICATE',
      'Your connection is not private',
    ],
    go: ['x509: certificate has expired or is not yet valid'],
    other: ['CERTIFICATE_VERIFY_FAILED: certificate has expired'],
    words: ['certificate expired', 'expired certificate', 'SSL certificate expired'],
  },
  TLSNotYetValid: {
    node: ['CERT_NOT_YET_VALID', 'certificate is not yet valid'],
    curl: ['curl: (60) SSL certificate problem: certificate is not yet valid'],
    browser: [
      'NET::ERR_CERT_DATE_INVALID',
      'MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE',
      'Your clock is behind',
    ],
    go: ['x509: certificate has expired or is not yet valid'],
    words: ['certificate not yet valid', 'certificate from the future', 'clock skew'],
  },
  TLSUntrusted: {
    node: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'unable to verify the first certificate',
      'self-signed certificate in certificate chain',
    ],
    curl: [
      'curl: (60) SSL certificate problem',
      'self-signed certificate',
      'unable to get local issuer certificate',
    ],
    browser: [
      'NET::ERR_CERT_AUTHORITY_INVALID',
      'SEC_ERROR_UNKNOWN_ISSUER',
      'MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT',
      'Your connection is not private',
    ],
    go: ['x509: certificate signed by unknown authority', 'tls: failed to verify certificate'],
    other: [
      'CERTIFICATE_VERIFY_FAILED',
      'PKIX path building failed',
      'unable to find valid certification path to requested target',
    ],
    words: [
      'private CA',
      'private certificate authority',
      'internal CA',
      'self-signed certificate',
      'missing intermediate certificate',
      'incomplete certificate chain',
      'EE certificate key too weak',
    ],
  },
  TLSHostname: {
    node: ['ERR_TLS_CERT_ALTNAME_INVALID', 'does not match certificate’s altnames'],
    curl: ['curl: (60) SSL: no alternative certificate subject name matches target host name'],
    browser: [
      'NET::ERR_CERT_COMMON_NAME_INVALID',
      'SSL_ERROR_BAD_CERT_DOMAIN',
      'Your connection is not private',
    ],
    go: ['x509: certificate is valid for', 'x509: certificate relies on legacy Common Name field'],
    other: ['Hostname mismatch, certificate is not valid for', 'No subject alternative names'],
    words: ['certificate for another host', 'host name mismatch', 'wrong SAN'],
  },
  TLSProtocol: {
    node: [
      'EPROTO',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'wrong version number',
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    ],
    curl: ['curl: (35)', 'wrong version number'],
    browser: [
      'ERR_SSL_PROTOCOL_ERROR',
      'ERR_SSL_VERSION_OR_CIPHER_MISMATCH',
      'SSL_ERROR_RX_RECORD_TOO_LONG',
      'SSL_ERROR_NO_CYPHER_OVERLAP',
    ],
    go: [
      'tls: first record does not look like a TLS handshake',
      'http: server gave HTTP response to HTTPS client',
      'remote error: tls: handshake failure',
    ],
    words: [
      'TLS handshake failure',
      'TLS version too old',
      'no common cipher',
      'https on an http port',
    ],
  },
  ClientCertificateRequired: {
    node: ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    curl: ['tlsv13 alert certificate required'],
    browser: ['ERR_BAD_SSL_CLIENT_AUTH_CERT', 'SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT'],
    go: ['remote error: tls: certificate required', 'remote error: tls: bad certificate'],
    proxy: ['400 No required SSL certificate was sent', 'ssl_verify_client on'],
    words: ['mTLS', 'mutual TLS', 'client certificate'],
  },
  NotHTTP: {
    node: ['HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/'],
    curl: ['curl: (1) Received HTTP/0.9 when not allowed'],
    browser: ['ERR_INVALID_HTTP_RESPONSE', 'ERR_UNSAFE_PORT'],
    go: ['malformed HTTP response', 'malformed HTTP status code'],
    other: ['BadStatusLine', 'SSH-2.0-OpenSSH'],
    words: ['not an HTTP server', 'wrong port', 'wrong protocol'],
  },
  ConnectionRefused: {
    node: ['ECONNREFUSED', 'connect ECONNREFUSED'],
    curl: ['curl: (7) Failed to connect'],
    browser: ['ERR_CONNECTION_REFUSED', 'refused to connect', 'Unable to connect'],
    go: ['connect: connection refused'],
    other: ['Connection refused', '[Errno 111] Connection refused', 'java.net.ConnectException'],
    words: ['nothing listens on the port', 'server not running', 'port closed'],
  },
  ConnectionReset: {
    node: [
      'ECONNRESET',
      'socket hang up',
      'read ECONNRESET',
      'UND_ERR_SOCKET',
      'other side closed',
    ],
    curl: [
      'curl: (52) Empty reply from server',
      'curl: (56) Recv failure: Connection reset by peer',
    ],
    browser: ['ERR_CONNECTION_RESET', 'ERR_EMPTY_RESPONSE', 'ERR_CONNECTION_CLOSED'],
    go: ['read: connection reset by peer', 'unexpected EOF'],
    other: [
      '[Errno 104] Connection reset by peer',
      'RemoteDisconnected',
      'Remote end closed connection without response',
    ],
    words: ['connection closed', 'broken pipe', 'EPIPE', 'http on an https port'],
  },
  HostUnreachable: {
    node: ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTDOWN'],
    curl: ['No route to host', 'Network is unreachable'],
    browser: ['ERR_ADDRESS_UNREACHABLE', 'ERR_NETWORK_ACCESS_DENIED'],
    go: ['connect: no route to host', 'connect: network is unreachable'],
    other: ['[Errno 113] No route to host', '[Errno 101] Network is unreachable'],
    words: ['no route', 'IPv6 without a route', 'subnet without a NAT gateway'],
  },
  Timeout: {
    node: [
      'ETIMEDOUT',
      'ESOCKETTIMEDOUT',
      'UND_ERR_CONNECT_TIMEOUT',
      'UND_ERR_HEADERS_TIMEOUT',
      'The operation was aborted due to timeout',
    ],
    curl: ['curl: (28)', 'Operation timed out', 'Connection timed out'],
    browser: ['ERR_CONNECTION_TIMED_OUT', 'ERR_TIMED_OUT', 'took too long to respond'],
    go: [
      'i/o timeout',
      'context deadline exceeded',
      'Client.Timeout exceeded while awaiting headers',
    ],
    other: ['Read timed out', '[Errno 110] Connection timed out', 'SocketTimeoutException'],
    words: ['timed out', 'timeout', 'no answer', 'slow server', 'firewall drops packets'],
  },
  UpstreamUnavailable: {
    proxy: [
      '502 Bad Gateway',
      '503 Service Unavailable',
      '503 Service Temporarily Unavailable',
      '504 Gateway Timeout',
      'no healthy upstream',
      'upstream connect error or disconnect/reset before headers',
      'upstream request timeout',
      'no live upstreams while connecting to upstream',
      'no endpoints available for service',
      'Error 521 Web server is down',
      'Error 522 Connection timed out',
      'Error 523 Origin is unreachable',
      'Error 525 SSL handshake failed',
      'Error 530',
    ],
    browser: ['HTTP ERROR 502', 'HTTP ERROR 503', 'HTTP ERROR 504'],
    words: [
      '502',
      '503',
      '504',
      'bad gateway',
      'service unavailable',
      'gateway timeout',
      'backend down',
      'no ready Pod',
    ],
  },
  ProberOffline: {
    words: [
      'Reachable Unknown',
      'prober error',
      'resolver failed',
      'DNS resolver of the VPC',
      'egress proxy',
      '407 Proxy Authentication Required',
      'captive portal',
      'EMFILE',
      'too many open files',
    ],
  },
  NotProbed: { words: ['stdio', 'local server', 'command server', 'STATE is -'] },
  Suspended: { words: ['spec.suspended', 'suspend', 'paused', 'maintenance', 'not checked'] },
  AuthenticationNotRequired: {
    words: ['open server', 'anonymous access', 'no login', 'SESSION is -'],
  },
  NotDetermined: { words: ['AuthRequired Unknown', 'sign-in unknown', 'spec.auth'] },
  MCPResponse: { words: ['SpeaksMCP True', 'JSON-RPC', 'server/discover', 'initialize'] },
  NoMCPResponse: {
    other: ['Unexpected token < in JSON', 'is not valid JSON'],
    words: [
      'SpeaksMCP False',
      'HTML instead of MCP',
      'web page instead of MCP',
      'not an MCP server',
      'content type text/html',
      'wrong path',
    ],
  },
  MCPNotDetermined: { words: ['SpeaksMCP Unknown', 'MCP unknown'] },
  OtherWriter: {
    words: [
      'StateContended True',
      'another controller overwrites state',
      'another program writes status.state',
      'two writers',
      'state flaps',
    ],
  },
  OnlyWriter: { words: ['StateContended False', 'other writer stopped'] },
  CertificateExpiring: {
    words: ['certificate expires soon', 'renew certificate', 'cert-manager renewal failed'],
  },
} as const satisfies Record<ReasonName, ReasonWords>;

/** All of them, each once. */
export const wordsOf = (reason: ReasonName): readonly string[] => {
  const { words, ...texts }: ReasonWords = reasonWords[reason];
  return [...new Set([...words, ...Object.values(texts).flat()])];
};
