import { expect, test } from 'vitest';
import { routeOf, type ServiceProxyRules } from '../../../functions/reachability/probe-route.ts';

const rules: ServiceProxyRules = { isOn: true, namespaces: [], clusterDomain: 'cluster.local' };
const server = { namespace: 'team-a', url: 'http://mcp.team-a.svc:8080/mcp' };

test('a server outside the cluster is contacted at its address', () => {
  expect(routeOf({ ...server, url: 'https://mcp.example.com/mcp' }, rules)).toEqual({
    kind: 'direct',
  });
});

test('a Service of the own namespace is probed through the API server', () => {
  expect(routeOf(server, rules)).toEqual({
    kind: 'service',
    service: { name: 'mcp', namespace: 'team-a', port: 8080, secure: false },
    via: 'Through the API server, to port 8080 of the Service team-a/mcp',
  });
});

test('over https it says that the certificate is not verified', () => {
  expect(routeOf({ ...server, url: 'https://mcp.team-a.svc/mcp' }, rules)).toMatchObject({
    via: 'Through the API server, to port 443 of the Service team-a/mcp. It does not verify the certificate',
  });
});

test('a Service of another namespace is refused, with the setting that would allow it', () => {
  const other = { ...server, namespace: 'team-b' };
  expect(routeOf(other, rules)).toEqual({
    kind: 'refused',
    message:
      'spec.url names a Service of the namespace team-a, and the MCPServer is in team-b. SERVICE_NAMESPACES does not list team-a',
  });
  expect(routeOf(other, { ...rules, namespaces: ['team-a'] })).toMatchObject({ kind: 'service' });
});

test('without the setting it is looked up like any other, and the note names the setting', () => {
  expect(routeOf(server, { ...rules, isOn: false })).toEqual({
    kind: 'direct',
    note: 'the name of the Service mcp inside the cluster, which only SERVICE_PROXY=on can reach. Its manifest is manifests/services',
  });
});

test('a single pod has no way from outside', () => {
  expect(routeOf({ ...server, url: 'http://pod-0.mcp.team-a.svc/mcp' }, rules)).toMatchObject({
    kind: 'direct',
    note: expect.stringContaining('use the name of the Service'),
  });
});

test.each(['/..%2f..%2fapi', '/a/../../b', '//x', '/%252e%252e/x', '\\..\\api'])(
  'no path of a manifest leads out of the proxy: %s is never sent',
  (path) => {
    expect(routeOf({ ...server, url: `http://mcp.team-a.svc${path}` }, rules)).toMatchObject({
      kind: 'unusable',
      message:
        'the path of spec.url has dot segments, encoded dots or slashes, a backslash or an empty segment, which are not sent through the API server',
    });
  },
);
