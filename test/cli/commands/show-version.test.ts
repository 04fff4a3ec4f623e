import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { version } from '../../../functions/model/version.ts';
import { listen } from '../../../local/listen.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { runMuster } from '../run.ts';
import { sandbox } from '../sandbox.ts';

const box = sandbox();

test('the endpoint and the command line say the version of package.json', () => {
  expect(version).toBe(manifest.version);
});

/** An endpoint whose health check answers with this. */
async function endpointWith(health: unknown): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/healthz' ? 200 : 404).end(JSON.stringify(health));
  });
  const { url, close } = await listen(server);
  box.endAfter(close);
  return url;
}

const client = `Client:    ${version} (Node ${process.versions.node}, ${process.platform}-${process.arch})\n`;

test.each([
  ['of one release', version, ''],
  ['a newer endpoint', '9.1.0', 'The endpoint is newer than this muster. Install muster 9.1.0.\n'],
  [
    'an older endpoint',
    '0.0.9',
    `The endpoint is older than this muster. Ask its owner to deploy ${version}, or install muster 0.0.9.\n`,
  ],
])('muster version: %s', async (_title, own, note) => {
  const endpoint = await endpointWith({ status: 'ok', version: own });
  expect(await runMuster(box.file, 'version', { endpoint })).toEqual({
    code: 0,
    stdout: `${client}Endpoint:  ${own} (${endpoint})\n`,
    stderr: note,
  });
});

test('an endpoint from before there was a version is unknown, and older', async () => {
  const endpoint = await endpointWith({ status: 'ok' });
  const { code, stdout, stderr } = await runMuster(box.file, 'version', { endpoint });
  expect([code, stdout]).toEqual([0, `${client}Endpoint:  unknown (${endpoint})\n`]);
  expect(stderr).toBe(
    `The endpoint is older than this muster. Ask its owner to deploy ${version}.\n`,
  );
});

test('-o json has both, with the same names', async () => {
  const endpoint = await endpointWith({ status: 'ok', version: '9.1.0' });
  const { stdout } = await runMuster(box.file, 'version -o json', { endpoint });
  expect(JSON.parse(stdout)).toEqual({
    client: {
      version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    },
    endpoint: { url: endpoint, version: '9.1.0' },
  });
});

test('the version of the client needs no endpoint', async () => {
  expect(await runMuster(box.file, 'version --client')).toEqual({
    code: 0,
    stdout: client,
    stderr: '',
  });
  expect((await runMuster(box.file, 'version')).stdout).toBe(client);
});

test.each([
  ['something that is not muster', { status: 'up' }],
  ['something without JSON', 'hello'],
])('%s is no endpoint', async (_title, health) => {
  const endpoint = await endpointWith(health);
  const { code, stderr } = await runMuster(box.file, 'version', { endpoint });
  expect(code).toBe(1);
  expect(stderr).toContain('Is it the muster endpoint?');
});
