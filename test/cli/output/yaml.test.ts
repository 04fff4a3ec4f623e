import { assert, jsonValue, property } from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { yaml } from '../../../cli/output/yaml.ts';

test('a row reads well', () => {
  expect(
    yaml({
      items: [
        {
          name: 'server-a',
          url: 'https://x.example.com',
          scopes: ['read', 'write'],
          conditions: [],
          ok: true,
          count: 0,
          hint: undefined,
        },
      ],
    }),
  ).toBe(
    `items:
  - name: server-a
    url: "https://x.example.com"
    scopes:
      - read
      - write
    conditions: []
    ok: true
    count: 0
`,
  );
});

test('every JSON value is read back as it was, by YAML 1.2 and by YAML 1.1', () => {
  assert(
    property(jsonValue({ depthSize: 'medium' }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(parse(yaml(plain))).toEqual(plain);
      expect(parse(yaml(plain), { version: '1.1' })).toEqual(plain);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  'no',
  'Yes',
  'on',
  'null',
  '~',
  '',
  '1e3',
  '0x1',
  'a: b',
  '- a',
  'a #b',
  'multi\nline',
  ' x',
  'x ',
  '2026-01-01',
  '=',
  '<<',
  'é',
])('the text %j stays text', (text) => {
  expect(parse(yaml({ [text]: [text] }), { version: '1.1' })).toEqual({ [text]: [text] });
});
