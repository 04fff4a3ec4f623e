/** What a manifest, a server or an endpoint says neither steers a terminal nor forges a line. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Listening, listen } from '../../local/listen.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { aRow } from '../cli/rows.ts';
import './attempt.ts';

const sequences: readonly string[] = [
  '\u001b[2J',
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u001b]8;;https://evil.example.com\u001b\\',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001bP$q"p\u001b\\',
  '\u001b[6n',
  '\u001b[?1049h',
  '\u001bc',

  '\u009b2J',
  '\u009d0;x\u009c',
  '\u0090x\u009c',
  '\u0007',
  '\u0008\u0008\u0008',
  '\u007f',
  '\u0000',
  '\rConnected',
  '\u000b',
  '\u000c',
  '\u0085',
  '\u2028',
  '\u2029',
  '\u000e',
  '\u001a',
  '\nserver-z   Connected   Authenticated',
  '\r\nError: x',
  '\tserver-z',

  '\u202e',
  '\u2066x\u2069',
  '\u200b',
  '\u200d',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\u061c',
  '\u{e0041}',
];

const rowWith = (text: string, index: number) =>
  aRow({
    name: `server-${index}${text}`,
    namespace: `default${text}`,
    url: `https://mcp.example.com/${text}`,
    description: `d${text}`,
    toolPrefix: `t${text}`,
    state: `Connected${text}`,
    reason: `Responded${text}`,
    lastError: `e${text}`,
  });

let file: string;
let endpoint: Listening;
beforeAll(async () => {
  file = await buildMuster();
  const all = sequences.join('');
  const refusal = { type: 'about:blank', title: `x${all}`, status: 400, detail: all, hint: all };
  const list = {
    items: sequences.map(rowWith),
    problems: sequences.map((text) => ({ namespace: `n${text}`, name: text, message: `m${text}` })),
  };
  endpoint = await listen(
    createServer(({ url = '' }, response) => {
      const isRefused = url.includes('namespace=refused');
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isRefused ? refusal : list));
    }),
  );
});
afterAll(() => Promise.all([removeMuster(file), endpoint.close()]));

/** All that a terminal or a reader could take for something else; in JSON it is escaped. */
const steering = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const controls = /(?!\n)\p{Cc}/gu;

const found = (text: string, pattern: RegExp): readonly string[] =>
  [...new Set(text.match(pattern))].map(
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

test.each<[line: string, most: number]>([
  ['list mcps', sequences.length + 1],
  ['list mcps -A', sequences.length + 1],
  ['list mcps -o wide', sequences.length + 1],
  ['list mcps -o name', sequences.length],
  ['list mcps -o json', Infinity],
  ['list mcps -o yaml', Infinity],
  ['list mcps -n refused', 0],
  ['get mcps nobody', 0],
])('muster %s prints no sequence and no line of somebody else', async (line, most) => {
  const { stdout, stderr, code } = await runMuster(file, line, { endpoint: endpoint.url });
  expect([0, 1]).toContain(code);
  expect(found(stdout, most === Infinity ? controls : steering)).toEqual([]);
  expect(found(stderr, steering)).toEqual([]);
  expect(stdout.split('\n').length - 1).toBeLessThanOrEqual(most);
  expect(stdout).not.toMatch(/^server-z/m);
  expect(stderr).not.toMatch(/^(server-z|Error: x$)/m);
});

beforeEach(({ task }) => {
  task.meta.attacks = sequences.length;
});
