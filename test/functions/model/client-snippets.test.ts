import { describe, expect, test } from 'vitest';
import {
  clientEntries,
  type ClientEntry,
  clientSnippet,
} from '../../../functions/model/client-snippets.ts';
import { type McpClient, mcpClients } from '../../../functions/model/mcp-clients.ts';
import { entriesIn } from '../../cli/client-files.ts';

const endpoint = 'https://muster.example.com';
const start = { command: '/usr/local/bin/node', args: ['/opt/muster.cjs'] };
const entries = (...names: readonly string[]): readonly ClientEntry[] =>
  clientEntries(
    start,
    endpoint,
    names.map((text) => {
      const [namespace = '', name = ''] = text.split('/');
      return { namespace, name };
    }),
  );
const textFor = (client: McpClient, of: readonly ClientEntry[]): string =>
  clientSnippet(client, of).text;

describe('the snippet is in the format that the client documents', () => {
  const one = entries('default/server-b');
  const args = `"/opt/muster.cjs", "connect", "--endpoint", "${endpoint}", "default/server-b"`;
  const pretty = args
    .split(', ')
    .map((arg) => `        ${arg}`)
    .join(',\n');
  test('a command for Claude Code', () =>
    expect(textFor('claude', one)).toBe(
      `claude mcp add-json --scope user server-b '{"type":"stdio","command":"/usr/local/bin/node","args":[${args.replaceAll(', ', ',')}]}'\n`,
    ));
  test.each([
    ['claude-desktop', 'mcpServers', ''],
    ['gemini', 'mcpServers', ''],
    ['cursor', 'mcpServers', '      "type": "stdio",\n'],
    ['vscode', 'servers', '      "type": "stdio",\n'],
  ] as const)('JSON for %s, below %s', (client, key, type) =>
    expect(textFor(client, one)).toBe(
      `{\n  "${key}": {\n    "server-b": {\n${type}      "command": "/usr/local/bin/node",\n      "args": [\n${pretty}\n      ]\n    }\n  }\n}\n`,
    ),
  );
  test('TOML for Codex, in a table with a quoted name', () =>
    expect(textFor('codex', one)).toBe(
      `[mcp_servers."server-b"]\ncommand = "/usr/local/bin/node"\nargs = [${args}]\n`,
    ));
});

test.each(mcpClients)('%s reads every entry as it was meant', (client) => {
  const odd = clientEntries(
    {
      command: String.raw`C:\Program Files\node.exe`,
      args: [`/home/o'neil "x" $HOME \`id\`/می‌خواهم/\u{E0001}\u007F/muster.cjs`],
    },
    endpoint,
    [
      { namespace: 'default', name: 'server-b' },
      { namespace: 'team', name: 'server-b' },
    ],
  );
  const { text } = clientSnippet(client, odd);
  expect(entriesIn(client, text)).toEqual(odd);
  // What a terminal does not show would be lost on the way to the file.
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
});

describe('the name that a client shows', () => {
  const names = (...servers: readonly string[]): readonly string[] =>
    entries(...servers).map(({ name }) => name);
  test('is the name of the server', () => expect(names('default/server-b')).toEqual(['server-b']));
  test('has the namespace where two servers share a name', () =>
    expect(names('a/x', 'b/x', 'b/y')).toEqual(['a-x', 'b-x', 'y']));
  test('has only letters, digits and hyphens, because Claude Code and Codex refuse others', () =>
    expect(names('a/mcp.example.com')).toEqual(['mcp-example-com']));
  test('belongs to one server, also where a dot was all that differed', () =>
    expect(names('a/x.y', 'a/x-y')).toEqual(['x-y', 'x-y-2']));
  test('has at most 64 characters, because Claude Code refuses longer ones', () => {
    const long = 'x'.repeat(100);
    expect(names(`a/${long}`, `a/${long}y`)).toEqual(['x'.repeat(64), `${'x'.repeat(62)}-2`]);
  });
});

test.each(mcpClients)('%s gets neither a token nor a variable of the environment', (client) =>
  expect(textFor(client, entries('default/server-b'))).not.toMatch(/env|token|bearer/i),
);
