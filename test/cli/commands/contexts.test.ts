import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listen } from '../../../local/listen.ts';
import { type Ended, runMuster } from '../run.ts';
import { sandbox } from '../sandbox.ts';

const box = sandbox();

/** An endpoint that holds one server with this name. */
async function endpointWith(name: string, issuer = 'https://login.example.com') {
  const row = { namespace: 'default', name, uid: name, type: 'sse', conditions: [] };
  const { url, close } = await listen(
    createServer((request, response) =>
      response.end(
        JSON.stringify(
          request.url === '/v1/config'
            ? { issuer, clientId: 'muster-cli', scopes: ['openid'] }
            : { items: [row], problems: [] },
        ),
      ),
    ),
  );
  box.endAfter(close);
  return url;
}

const muster = (line: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runMuster(box.file, line, { home: box.home, environment });

test('context add prints what it trusts, and commands then use the first context', async () => {
  const url = await endpointWith('one');
  expect(await muster(`context add prod ${url}/`)).toEqual({
    code: 0,
    stdout: '',
    stderr: `  Endpoint:   ${url}
  Issuer:     https://login.example.com
  Client ID:  muster-cli
  Scopes:     openid
Added the context prod. It is the current one.
`,
  });
  expect((await muster('list mcps -o name')).stdout).toBe('one\n');
  const stored = join(box.home, '.config', 'muster-serverless', 'endpoints.json');
  expect((await stat(stored)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(stored, 'utf8'))).toEqual({
    current: 'prod',
    endpoints: [
      { endpoint: url, issuer: 'https://login.example.com', clientId: 'muster-cli', name: 'prod' },
    ],
  });
});

test('--endpoint wins over MUSTER_SERVERLESS_ENDPOINT, that over MUSTER_ENDPOINT, that over the context', async () => {
  const [flag, own, upstream, context] = await Promise.all(
    ['flag', 'own', 'upstream', 'context'].map((name) => endpointWith(name)),
  );
  await muster(`context add prod ${context ?? ''}`);
  const both = { MUSTER_SERVERLESS_ENDPOINT: own ?? '', MUSTER_ENDPOINT: upstream ?? '' };
  const shown = async (line: string, environment: Readonly<Record<string, string>>) =>
    (await muster(line, environment)).stdout;
  expect(await shown(`list mcps -o name --endpoint ${flag ?? ''}`, both)).toBe('flag\n');
  expect(await shown('list mcps -o name', both)).toBe('own\n');
  expect(await shown('list mcps -o name', { ...both, MUSTER_SERVERLESS_ENDPOINT: '' })).toBe(
    'upstream\n',
  );
  expect(await shown('list mcps -o name', {})).toBe('context\n');
});

test('contexts are listed, chosen and removed', async () => {
  const [one, two] = [await endpointWith('one'), await endpointWith('two')];
  await muster(`context add one ${one}`);
  expect((await muster(`context add two ${two}`)).stderr).toContain('Added the context two.\n');
  expect(await muster('context use two')).toEqual({
    code: 0,
    stdout: '',
    stderr: `The current context is two (${two}).\n`,
  });
  expect((await muster('list mcps -o name')).stdout).toBe('two\n');
  expect((await muster('context list')).stdout).toBe(
    `CURRENT   NAME   ENDPOINT                 ISSUER                      CLIENT ID
          one    ${one.padEnd(22)}   https://login.example.com   muster-cli
*         two    ${two.padEnd(22)}   https://login.example.com   muster-cli
`.replaceAll(
      'ENDPOINT                 ',
      `${'ENDPOINT'.padEnd(Math.max(one.length, two.length))}   `,
    ),
  );
  expect(JSON.parse((await muster('context list -o json')).stdout)).toMatchObject({
    items: [
      { name: 'one', current: false },
      { name: 'two', endpoint: two, current: true },
    ],
  });
  expect(await muster('context remove two')).toMatchObject({
    code: 0,
    stderr: `Removed two. A sign-in to it is kept. To end it, run: muster auth logout --endpoint ${two}\n`,
  });
  expect(await muster('list mcps')).toMatchObject({
    code: 1,
    stderr:
      'Error: No endpoint is set.\nTo use one of your contexts, run: muster context use one\n',
  });
  expect(await muster('context use two')).toMatchObject({
    code: 1,
    stderr: 'Error: There is no context two.\nYour contexts are: one\n',
  });
});

test('a context that is there is not given to another endpoint', async () => {
  const [one, two] = [await endpointWith('one'), await endpointWith('two')];
  await muster(`context add prod ${one}`);
  expect(await muster(`context add prod ${two}`)).toMatchObject({
    code: 1,
    stderr: `Error: The context prod already exists. Its endpoint is ${one}.\nUse another name, or run: muster context delete prod\n`,
  });
});

test('an endpoint that changed its issuer is shown with both, and added again', async () => {
  const url = await endpointWith('one', 'https://new.example.com');
  await muster(`context add prod ${url}`);
  const stored = join(box.home, '.config', 'muster-serverless', 'endpoints.json');
  const text = await readFile(stored, 'utf8');
  await writeFile(stored, text.replace('new.example.com', 'old.example.com'));
  expect(await muster('auth login')).toMatchObject({
    code: 3,
    stderr: `Error: ${url} now names the issuer https://new.example.com and the client ID muster-cli. You trusted the issuer https://old.example.com and the client ID muster-cli.\nIf its owner confirms the change, run: muster context add prod ${url}\n`,
  });
  expect((await muster(`context add prod ${url}`)).stderr).toContain(
    '  Trusted:    https://old.example.com, client ID muster-cli\n',
  );
  expect(await readFile(stored, 'utf8')).toBe(text);
});

test.each([
  ['context add', 'Missing argument NAME'],
  ['context add prod', 'The address of the endpoint prod is missing.'],
  ['context add ../x https://muster.example.com', '"../x" is not a valid context name'],
  ['context add prod http://muster.example.com', 'does not use https'],
  ['context add prod https://a:b@muster.example.com', 'holds a user name or a password'],
  ['context', 'muster context needs a subcommand'],
])('muster %s is exit 1: %s', async (line, words) => {
  const { code, stderr } = await muster(line);
  expect(code).toBe(1);
  expect(stderr).toContain(words);
});

test('a damaged file of endpoints is named, not used', async () => {
  const url = await endpointWith('one');
  await muster(`context add prod ${url}`);
  const stored = join(box.home, '.config', 'muster-serverless', 'endpoints.json');
  await writeFile(stored, '{"endpoints":[{"endpoint":1}]}');
  expect(await muster('list mcps')).toMatchObject({
    code: 1,
    stderr: `Error: ${stored} does not hold the endpoints that you trust.\nRemove it and add your endpoints again: rm ${stored}\n`,
  });
});
