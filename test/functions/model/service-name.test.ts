import { expect, test } from 'vitest';
import { inClusterName, isPlainPath } from '../../../functions/model/service-name.ts';

const service = (port = 80, secure = false) => ({
  kind: 'service',
  name: 'mcp',
  namespace: 'team-a',
  port,
  secure,
});

// giantswarm/muster#71: servers are deployed as Services of their own.
test.each([
  ['http://mcp.team-a.svc/mcp', service()],
  ['http://mcp.team-a.svc:8080/mcp', service(8080)],
  ['https://mcp.team-a.svc', service(443, true)],
  ['https://mcp.team-a.svc.cluster.local:8443/', service(8443, true)],
  ['http://MCP.Team-A.SVC.Cluster.Local./mcp', service()],
  ['http://mcp.team-a.svc./mcp', service()],
])('%s is a Service inside the cluster', (url, expected) => {
  expect(inClusterName(url, 'cluster.local')).toEqual(expected);
});

test.each([
  'http://pod-0.mcp.team-a.svc/mcp',
  'http://pod-0.mcp.team-a.svc.cluster.local:8080/mcp',
  'http://10-0-0-1.team-a.pod.cluster.local/mcp',
])('%s is a single pod', (url) => {
  expect(inClusterName(url, 'cluster.local')).toEqual({ kind: 'pod', namespace: 'team-a' });
});

test.each([
  'https://mcp.example.com/mcp',
  'https://mcp.team-a.svc.example.com/mcp',
  'https://team-a.svc/mcp',
  'https://svc/mcp',
  'https://mcp.team-a/mcp',
  'https://mcp.team-a.pod/mcp',
  'https://mcp_.team-a.svc/mcp',
  'https://-mcp.team-a.svc/mcp',
  `https://${'a'.repeat(64)}.team-a.svc/mcp`,
  'ftp://mcp.team-a.svc/mcp',
  'not a URL',
  undefined,
])('%s is nothing of the cluster', (url) => {
  expect(inClusterName(url, 'cluster.local')).toBeUndefined();
});

test('the domain of the cluster is the one that its owner sets', () => {
  expect(inClusterName('http://mcp.team-a.svc.k8s.corp/', '.K8s.corp.')).toEqual(service());
  expect(inClusterName('http://mcp.team-a.svc.cluster.local/', 'k8s.corp')).toBeUndefined();
});

test.each(['/mcp', '/', '', '/a/b/?x=%2e%2e', '/a.b/..c/...', '/%E4%BD%A0', '/a;b=1/%3B'])(
  'the path %s may go through the API server',
  (path) => {
    expect(isPlainPath(`http://mcp.team-a.svc${path}`)).toBe(true);
  },
);

test.each([
  '/../x',
  '/a/..',
  '/a/%2e%2E/x',
  '/./x',
  '/..%2f..%2fx',
  '/a%2fb',
  '/a%5cb',
  '/a\\..\\b',
  '/%252e%252e/x',
  '//x',
  '/a//b',
  '/a%00b',
  '/a%0d%0ab',
  '/%c0%ae%c0%ae/x',
])('the path %s may not', (path) => {
  expect(isPlainPath(`http://mcp.team-a.svc${path}`)).toBe(false);
});
