/**
 * Every command as a person sees it, word for word, in the local world. A change of any output shows
 * in the diff of `transcripts/`; what is printed as JSON follows the published schema.
 */
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { commands } from '../../cli/commands/commands.ts';
import { helpText } from '../../cli/help.ts';
import { harmless } from '../../cli/output/paint.ts';
import { parse } from '../../cli/parse.ts';
import { strictOutputSchemas } from '../../site/reference/output-schemas.ts';
import { type Scene, scenes, type Typed } from './transcripts/scenes.ts';
import { type Stage, startStage } from './transcripts/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test('every command has a transcript', () => {
  const told = new Set(scenes.map(({ about }) => about));
  const names = commands.map(({ words }) => words.join(' '));
  expect(names.filter((name) => !told.has(name))).toEqual([]);
});

test.each(scenes)('$about', async ({ about, typed }) => {
  const file = `transcripts/${about.replaceAll(' ', '-')}.txt`;
  await expect(await played(typed)).toMatchFileSnapshot(file);
});

test('every schema of an output is one that a transcript has tried', () => {
  const names = commands
    .filter(({ flags }) => flags.some(({ values }) => values?.includes('json')))
    .map(({ words }) => words.join('-'));
  expect([...schemas.keys()].sort()).toEqual([...names].sort());
  expect([...tried].sort()).toEqual([...names].sort());
});

const inColor = { FORCE_COLOR: '1' };

/** The lines of one scene; those of grace one after another, because each changes what she has. */
async function played(typed: Scene['typed']): Promise<string> {
  const [atOnce, inOrder] = [pLimit(3), pLimit(1)];
  const lines = typed
    .map((one) => (typeof one === 'string' ? { line: one } : one))
    .flatMap((line) => (line.colors ? [{ line }, { line, color: inColor }] : [{ line }]));
  const parts = await Promise.all(
    lines.map(({ line, color = {} }) =>
      (line.as === 'grace' ? inOrder : atOnce)(async () => ({
        line: line.line,
        text: helpOf(line.line) ?? (await shown(line, color)),
      })),
    ),
  );
  const ports = new Map<string, string>();
  return parts
    .map(({ line, text }) => (line.endsWith(' --help') ? text : stage.masked(text, ports)))
    .join('\n');
}

async function shown(typed: Typed, environment: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await stage.type(typed, environment);
  // Nothing but colors, and these only where they are asked for.
  expect(stderr).toBe(harmless(stderr));
  expect(stdout).toBe(harmless(stdout, 'FORCE_COLOR' in environment));
  if (typed.line.endsWith(' -o json') && stdout !== '') expectPublished(typed.line, stdout);
  const who = typed.as === undefined ? '' : ` (${typed.as})`;
  const how = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  const lines = [
    `${who}$ ${how.join('')}muster ${typed.line}`.trim(),
    readable(stdout),
    ...(stderr === '' ? [] : [`[stderr]\n${stderr}`]),
    ...(code === 0 ? [] : [`[exit code ${String(code)}]\n`]),
  ];
  return `${lines[0] ?? ''}\n${lines.slice(1).join('')}`;
}

const schemas = strictOutputSchemas();

/** Whether it is JSON as the site publishes it, without a field that is not published. */
function expectPublished(line: string, stdout: string): void {
  const parsed = parse(line.split(' '));
  const name = parsed.kind === 'run' ? parsed.command.words.join('-') : '';
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`${name} has no schema in output-schemas.ts.`);
  const read = z.fromJSONSchema(schema).safeParse(JSON.parse(stdout));
  expect(read.success ? [] : read.error.issues, `muster ${line}`).toEqual([]);
  tried.add(name);
}
const tried = new Set<string>();

/** Help needs no world, and so no child. The scene `help` has it of the command itself. */
function helpOf(line: string): string | undefined {
  if (!/^\w.* --help$/.test(line)) return undefined;
  const asked = parse(line.split(' '));
  if (asked.kind === 'run' || asked.kind === 'version') return undefined;
  return `$ muster ${line}\n${helpText(asked)}`;
}

/** Colors as a person can read them in a diff: `{31}Failed{39}`. */
const readable = (text: string): string => text.replace(sgr, '{$1}');
const sgr = new RegExp(String.raw`\x1B\[(\d+)m`, 'g');
