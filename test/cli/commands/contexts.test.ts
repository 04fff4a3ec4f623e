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

test('flags win over MUSTER_SERVERLESS_ENDPOINT, MUSTER_ENDPOINT, MUSTER_CONTEXT and the current context, in this order', async () => {
  const names = ['flag', 'named', 'own', 'upstream', 'variable', 'active'] as const;
  const urls = await Promise.all(names.map((name) => endpointWith(name)));
  const [flag = '', named = '', own = '', upstream = '', variable = '', active = ''] = urls;
  await muster(`context add active ${active}`);
  await muster(`context add variable ${variable}`);
  await muster(`context add named ${named}`);
  const all = {
    MUSTER_SERVERLESS_ENDPOINT: own,
    MUSTER_ENDPOINT: upstream,
    MUSTER_CONTEXT: 'variable',
  };
  const used = async (flags: string, environment: Readonly<Record<string, string>>) => {
    const [list, current] = await Promise.all([
      muster(`list mcps -o name${flags}`, environment),
      muster(`context current -o json${flags}`, environment),
    ]);
    const { source }: { source: string } = JSON.parse(current.stdout);
    return `${list.stdout.trim()}: ${source}`;
  };
  expect(
    await Promise.all([
      used(` --endpoint ${flag}`, all),
      used(' --context named', all),
      used('', all),
      used('', { ...all, MUSTER_SERVERLESS_ENDPOINT: '' }),
      used('', { MUSTER_CONTEXT: 'variable' }),
      used('', { MUSTER_CONTEXT: '' }),
    ]),
  ).toEqual([
    'flag: --endpoint',
    'named: context named, by --context',
    'own: MUSTER_SERVERLESS_ENDPOINT',
    'upstream: MUSTER_ENDPOINT',
    'variable: context variable, by MUSTER_CONTEXT',
    'active: context active',
  ]);
  expect(await muster(`list mcps --context named --endpoint ${flag}`)).toMatchObject({
    code: 1,
    stderr: 'Error: --endpoint cannot be combined with --context.\n',
  });
  expect(await muster('list mcps --context nmaed')).toMatchObject({
    code: 1,
    stderr: 'Error: There is no context nmaed.\nYour contexts are: active, named, variable\n',
  });
});

test('a context of MUSTER_CONTEXT that does not exist is named with the variable', async () => {
  // Upstream muster reads it, too, and has contexts of its own.
  expect(await muster('list mcps', { MUSTER_CONTEXT: 'theirs' })).toMatchObject({
    code: 1,
    stderr: 'Error: There is no context theirs (MUSTER_CONTEXT).\nRun: muster context list\n',
  });
});

test('context current prints what commands use now, and what overrides the current context', async () => {
  const url = await endpointWith('one');
  expect(await muster('context current')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Error: No endpoint is set.\n'),
  });
  await muster(`context add prod ${url}`);
  expect(await muster('context current')).toEqual({
    code: 0,
    stdout: 'prod\n',
    stderr: `Endpoint: ${url} (context prod)\n`,
  });
  const elsewhere = 'https://other.example.com';
  expect(await muster('context current', { MUSTER_ENDPOINT: `${elsewhere}/` })).toEqual({
    code: 0,
    stdout: `${elsewhere}\n`,
    stderr: `Endpoint: ${elsewhere} (MUSTER_ENDPOINT)\nMUSTER_ENDPOINT overrides the current context, prod.\n`,
  });
  expect((await muster('context use prod', { MUSTER_ENDPOINT: elsewhere })).stderr).toContain(
    'Warning: MUSTER_ENDPOINT is set and overrides the current context.\n',
  );
});

test('a context is renamed with its trust, and stays the current one', async () => {
  const [one, two] = [await endpointWith('one'), await endpointWith('two')];
  await muster(`context add muster ${one}`);
  await muster(`context add two --endpoint ${two} --yes`);
  expect(await muster('context rename muster prod')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Renamed muster to prod.\n',
  });
  expect((await muster('context current')).stdout).toBe('prod\n');
  expect(await muster('context rename prod two')).toMatchObject({
    code: 1,
    stderr: `Error: The context two already exists. Its endpoint is ${two}.\nUse another name.\n`,
  });
  expect(await muster('context rename nobody x')).toMatchObject({
    code: 1,
    stderr: 'Error: There is no context nobody.\nYour contexts are: prod, two\n',
  });
  expect(await muster('context rename prod https://x')).toMatchObject({ code: 1 });
});

test('an endpoint without a name, as earlier versions stored it, gets one', async () => {
  const url = await endpointWith('one');
  await muster(`context add prod ${url}`);
  const stored = join(box.home, '.config', 'muster-serverless', 'endpoints.json');
  const text = await readFile(stored, 'utf8');
  await writeFile(stored, text.replace('"name": "prod"', '"then": "none"'));
  const { code, stderr } = await muster(`context use ${url}`);
  expect([code, stderr]).toEqual([
    1,
    `Error: ${url} has no name yet.\nRun: muster context rename ${url} local\n`,
  ]);
  await muster(`context rename ${url} local`);
  expect((await muster('context use local')).code).toBe(0);
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
  expect(await muster('context delete two')).toMatchObject({
    code: 0,
    stderr: `Removed two. A sign-in to it is kept. To end it, run: muster auth logout --endpoint ${two}\n`,
  });
  expect(await muster('list mcps')).toMatchObject({
    code: 1,
    stderr:
      'Error: No endpoint is set.\nTo use one of your contexts, run: muster context use one\n',
  });
  // The name of earlier versions.
  expect((await muster('context remove one')).code).toBe(0);
  await muster(`context add one ${one}`);
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
