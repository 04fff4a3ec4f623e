import { expect, test } from 'vitest';
import { messagesIn } from '../../../cli/bridge/json-rpc.ts';
import {
  type HeaderArguments,
  noteTools,
  statelessHeaders,
  statelessVersion,
} from '../../../cli/bridge/protocol-headers.ts';
import { request, stateless } from './raw-client.ts';

const messageOf = (message: object) => {
  const [one] = messagesIn(JSON.stringify(message)) ?? [];
  if (one === undefined) throw new Error('This is no message.');
  return one;
};
const tools: HeaderArguments = new Map();
const headersOf = (method: string, params: object = {}) => {
  const { 'mcp-protocol-version': _version, ...headers } = statelessHeaders(
    '2026-07-28',
    messageOf(stateless(1, method, params)),
    tools,
  );
  return headers;
};

test.each([
  ['2025-11-25', undefined],
  ['2026-07-28', '2026-07-28'],
  ['2027-01-01', '2027-01-01'],
])('a request that names the revision %s is of that one', (version, found) => {
  const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': version } };
  expect(statelessVersion(messageOf(request(1, 'ping', params)))).toBe(found);
});

test.each([
  ['tools/call', { name: 'echo' }, 'echo'],
  ['prompts/get', { name: 'hello' }, 'hello'],
  ['resources/read', { uri: 'file:///a b' }, 'file:///a b'],
  ['tasks/get', { taskId: '7' }, '7'],
  ['tools/list', { name: 'echo' }, undefined],
  ['tools/call', { name: 7 }, undefined],
])('%s of %o names itself', (method, params, name) => {
  expect(headersOf(method, params)).toEqual(
    name === undefined ? { 'mcp-method': method } : { 'mcp-method': method, 'mcp-name': name },
  );
});

test.each([
  ['région', '=?base64?csOpZ2lvbg==?='],
  [' a', '=?base64?IGE=?='],
  ['a\nb', '=?base64?YQpi?='],
  ['', '=?base64??='],
  ['=?base64?eA==?=', '=?base64?PT9iYXNlNjQ/ZUE9PT89?='],
  ['a\tb', 'a\tb'],
])('the name %j is %j in a header', (name, value) => {
  expect(headersOf('prompts/get', { name })).toMatchObject({ 'mcp-name': value });
});

test('arguments go into headers where the tool asks for it, as long as they are there', () => {
  const header = (name: string, type = 'string') => ({ type, 'x-mcp-header': name });
  noteTools(
    {
      tools: [
        {
          name: 'routed',
          inputSchema: {
            properties: {
              region: header('Region'),
              count: header('Count', 'integer'),
              flag: header('Flag', 'boolean'),
              none: header('None'),
              bad: header('Bad Name'),
              nested: { properties: { tenant: header('Tenant') } },
              list: { items: { properties: { no: header('No') } } },
            },
          },
        },
        { name: 7 },
      ],
    },
    tools,
  );
  const given = { region: 'eu ü', count: 3, flag: false, bad: 'x', nested: { tenant: 't' } };
  expect(headersOf('tools/call', { name: 'routed', arguments: given })).toEqual({
    'mcp-method': 'tools/call',
    'mcp-name': 'routed',
    'mcp-param-Region': '=?base64?ZXUgw7w=?=',
    'mcp-param-Count': '3',
    'mcp-param-Flag': 'false',
    'mcp-param-Tenant': 't',
  });
  expect(headersOf('tools/call', { name: 'another', arguments: given })).toEqual({
    'mcp-method': 'tools/call',
    'mcp-name': 'another',
  });
  const tooLarge = { name: 'routed', arguments: { count: 2 ** 60 } };
  expect(headersOf('tools/call', tooLarge)).not.toHaveProperty('mcp-param-Count');
});
