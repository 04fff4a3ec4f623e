/** Whatever is typed is a command, a help text, or one line that says what is wrong. */
import { array, constantFrom, oneof } from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import { spawn } from 'node:child_process';
import { CliError } from '../../../cli/context.ts';
import { commands, spellings, topics } from '../../../cli/commands/commands.ts';
import { completionOf } from '../../../cli/completion/candidates.ts';
import { parse } from '../../../cli/parse.ts';
import { buildMuster, removeMuster } from '../../cli/run.ts';
import { fuzz } from './runs.ts';
import { oddText } from './odd-values.ts';

const words = [
  ...new Set(commands.flatMap((command) => spellings(command).flatMap((one) => one.split(' ')))),
  ...topics,
  'help',
];
const flags = [
  ...new Set(
    commands.flatMap(({ flags }) =>
      flags.flatMap(({ name, short }) => [
        `--${name}`,
        ...(short === undefined ? [] : [`-${short}`]),
      ]),
    ),
  ),
];
const argument = oneof(
  { weight: 5, arbitrary: constantFrom(...words) },
  { weight: 4, arbitrary: constantFrom(...flags) },
  constantFrom(
    '--',
    '-',
    '---',
    '--=',
    '-=x',
    '--output=',
    '--output=json',
    '-ojson',
    '-oAn',
    '--server=',
    '--no-server',
    '--__proto__=x',
    '--constructor',
    '--help',
    '--version',
    '--endpoint',
    '-n=x',
    '-A=false',
    '-=',
    '__complete',
    '.',
    'http://127.0.0.1:1',
    'server-a',
    'default/server-a',
    '../../x',
  ),
  oddText,
);
const argv = array(argument, { maxLength: 7 });

fuzz('arguments are parsed or refused in a line that can be printed', argv, (typed) => {
  try {
    const kinds = ['help', 'groupHelp', 'topicHelp', 'incomplete', 'version', 'run'];
    expect(kinds).toContain(parse(typed).kind);
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
  }
});

fuzz('whatever a line holds, its end has candidates or none', argv, (typed) => {
  const completion = completionOf(typed.slice(0, -1), typed.at(-1) ?? '');
  if (completion.kind !== 'candidates') return;
  for (const { text } of completion.candidates) expect(text).toMatch(/^[\w=.-]+$/);
});

let file: string;
beforeAll(async () => {
  file = await buildMuster();
});
afterAll(() => removeMuster(file));

fuzz(
  'the command ends with a documented exit code, no stack, and nothing that steers a terminal',
  array(
    argument.map((text) => text.replaceAll('\0', '')),
    { maxLength: 7 },
  ),
  async (typed) => {
    const { code, output } = await run(typed);
    expect([0, 1, 2, 3, 4]).toContain(code);
    // Shells read candidates with a tab after each.
    const text = typed[0] === '__complete' ? output.replaceAll('\t', '') : output;
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(output).not.toMatch(/^\s+at .*[:(]\d+/m);
  },
  { share: 0.04, atOnce: 4, deadlineMs: 20_000 },
);

/** Nothing listens where it asks, and it is nobody's home. */
function run(typed: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [file, ...typed], {
    env: {
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent/config',
      MUSTER_ENDPOINT: 'http://127.0.0.1:1',
      MUSTER_SERVERLESS_ENDPOINT: 'http://127.0.0.1:1',
      PATH: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 15_000,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done) => child.once('close', (code) => done({ code, output })));
}
