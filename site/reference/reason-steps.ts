/** What the page of a reason links to, and the commands that it names. */
import type { ReasonName } from '../../functions/model/reason-facts.ts';
import type { AnswerName } from '../src/explorer/answers.ts';

export type ReasonSteps = {
  /** The explorer shows this reason for this answer. Absent: it has no such case. */
  readonly answer?: AnswerName;
  /** Commands beside those that every page has, each with what it is for. */
  readonly kubectl?: readonly KubectlStep[];
  readonly shell?: readonly ShellStep[];
  readonly related: readonly ReasonName[];
};

type KubectlStep = keyof typeof kubectlSteps;
type ShellStep = keyof typeof shellSteps;

export const kubectlSteps = {
  edit: ['Change the MCPServer:', 'kubectl edit mcpserver NAME --namespace NAMESPACE'],
  resume: [
    'Have it probed again:',
    `kubectl patch mcpserver NAME --namespace NAMESPACE --type merge --patch '{"spec":{"suspended":false}}'`,
  ],
  pods: [
    'If the server runs in this cluster, see whether its Pods are ready and have an address:',
    'kubectl get pods,endpointslices --namespace NAMESPACE',
  ],
  managers: [
    'See which program writes the status:',
    'kubectl get mcpserver NAME --namespace NAMESPACE --show-managed-fields -o yaml',
  ],
  leave: [
    'Leave the server to the other writer:',
    'kubectl label mcpserver NAME --namespace NAMESPACE muster-serverless/sweep=off',
  ],
  lease: [
    'See when the last sweep ran:',
    'kubectl get lease --namespace muster-serverless -o yaml',
  ],
} as const satisfies Readonly<Record<string, readonly [what: string, command: string]>>;

/** `HOST` and `URL` are those of `spec.url`. */
export const shellSteps = {
  name: ['Look the name up:', 'nslookup HOST'],
  request: ['Send the same request:', 'curl --verbose --max-time 10 URL'],
  certificate: [
    'Read the certificate:',
    'openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -issuer -subject -dates -ext subjectAltName',
  ],
} as const satisfies Readonly<Record<string, readonly [what: string, command: string]>>;

const ofNetwork = ['ConnectionRefused', 'ConnectionReset', 'HostUnreachable', 'Timeout'] as const;
const ofTls = [
  'TLSExpired',
  'TLSNotYetValid',
  'TLSUntrusted',
  'TLSHostname',
  'TLSProtocol',
  'ClientCertificateRequired',
] as const;
const ofMcp = ['MCPResponse', 'NoMCPResponse', 'MCPNotDetermined'] as const;
const ofSignIn = ['AuthenticationRequired', 'AuthenticationNotRequired', 'NotDetermined'] as const;

export const reasonSteps = {
  Responded: { answer: '200', related: ['AuthenticationRequired', ...ofMcp] },
  AuthenticationRequired: { answer: '401', related: ['Responded', ...ofSignIn] },
  Redirected: {
    answer: 'redirect',
    kubectl: ['edit'],
    shell: ['request'],
    related: ['EndpointNotFound', 'EndpointGone'],
  },
  EndpointNotFound: {
    answer: '404',
    kubectl: ['edit'],
    shell: ['request'],
    related: ['EndpointGone', 'Redirected', 'NoMCPResponse'],
  },
  EndpointGone: {
    answer: '410',
    kubectl: ['edit'],
    shell: ['request'],
    related: ['EndpointNotFound', 'Redirected'],
  },
  RateLimited: { answer: '429', related: ['ServerError', 'UpstreamUnavailable'] },
  ServerError: {
    answer: '500',
    kubectl: ['pods'],
    shell: ['request'],
    related: ['UpstreamUnavailable', 'RateLimited'],
  },
  InvalidSpec: { kubectl: ['edit'], related: ['BlockedByPolicy', 'DNSFailure'] },
  BlockedByPolicy: {
    answer: 'metadata',
    kubectl: ['edit'],
    shell: ['name'],
    related: ['InvalidSpec', 'HostUnreachable'],
  },
  DNSFailure: {
    answer: 'nxdomain',
    kubectl: ['edit'],
    shell: ['name'],
    related: ['InvalidSpec', 'HostUnreachable', 'ProberOffline'],
  },
  TLSExpired: {
    answer: 'tls-expired',
    shell: ['certificate'],
    related: [...ofTls, 'CertificateExpiring'],
  },
  TLSNotYetValid: { answer: 'tls-early', shell: ['certificate'], related: ofTls },
  TLSUntrusted: { answer: 'tls-self-signed', shell: ['certificate'], related: ofTls },
  TLSHostname: {
    answer: 'tls-other-host',
    kubectl: ['edit'],
    shell: ['certificate'],
    related: ofTls,
  },
  TLSProtocol: {
    answer: 'tls-plain',
    kubectl: ['edit'],
    shell: ['request'],
    related: [...ofTls, 'NotHTTP'],
  },
  ClientCertificateRequired: { kubectl: ['edit'], shell: ['request'], related: ofTls },
  NotHTTP: {
    answer: 'not-http',
    kubectl: ['edit'],
    shell: ['request'],
    related: ['TLSProtocol', 'ConnectionReset', 'NoMCPResponse'],
  },
  ConnectionRefused: {
    answer: 'refused',
    kubectl: ['pods', 'edit'],
    shell: ['request'],
    related: ofNetwork,
  },
  ConnectionReset: {
    answer: 'reset',
    kubectl: ['pods'],
    shell: ['request'],
    related: [...ofNetwork, 'NotHTTP'],
  },
  HostUnreachable: { answer: 'no-route', shell: ['request'], related: ofNetwork },
  Timeout: { answer: 'silent', kubectl: ['pods'], shell: ['request'], related: ofNetwork },
  UpstreamUnavailable: {
    answer: '503',
    kubectl: ['pods'],
    shell: ['request'],
    related: ['ServerError', 'Timeout', 'ConnectionRefused'],
  },
  ProberOffline: { answer: '407', kubectl: ['lease'], related: ['DNSFailure', 'HostUnreachable'] },
  NotProbed: { related: ['Suspended'] },
  Suspended: { kubectl: ['resume'], related: ['NotProbed'] },
  AuthenticationNotRequired: { answer: '200', related: ofSignIn },
  NotDetermined: { answer: '403', kubectl: ['edit'], related: ofSignIn },
  MCPResponse: { answer: '200', related: ofMcp },
  NoMCPResponse: {
    answer: '200-html',
    kubectl: ['edit'],
    shell: ['request'],
    related: [...ofMcp, 'EndpointNotFound'],
  },
  MCPNotDetermined: { answer: '401', related: ofMcp },
  OtherWriter: { kubectl: ['managers', 'leave'], related: ['OnlyWriter'] },
  OnlyWriter: { kubectl: ['managers'], related: ['OtherWriter'] },
  CertificateExpiring: { shell: ['certificate'], related: ['TLSExpired', 'TLSNotYetValid'] },
} as const satisfies Record<ReasonName, ReasonSteps>;
