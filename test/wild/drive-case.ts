/**
 * Drives one case as a person does, with the built command line and a browser: sign in to muster,
 * sign in to the server, list, status, `--verify`, sign out. Returns everything that was not as it
 * should be, so that one run shows all of it.
 */
import * as z from 'zod/mini';
import { type Session, sessionSchema } from '../../functions/model/wire/server-wire.ts';
import { messageOf } from '../../functions/model/error-message.ts';
import { type Hint, hintsIn, walkHints } from './hint-walk.ts';
import type { Outcome, WildCase } from './wild-case.ts';
import type { Scene, Typed } from './scene.ts';
import type { WildWorld } from './wild-world.ts';

/** A row of the case table. */
export type Row = {
  readonly case: string;
  readonly code: string;
  readonly session: string;
  readonly message: string;
  readonly declined: string;
};

export type Driven = {
  readonly row: Row;
  /** What is not as the case says, a sentence each. */
  readonly wrong: readonly string[];
  /** Hints that do not lead on, a sentence each, and how many were walked. */
  readonly astray: readonly string[];
  readonly walked: number;
};

const done: Outcome = { code: 0 };

export async function driveCase(world: WildWorld, wild: WildCase): Promise<Driven> {
  const scene = await world.open(wild.name, wild);
  const notes = notebook(scene);
  try {
    await story(scene, wild, notes).catch((error: unknown) => notes.wrong(messageOf(error)));
    return await notes.result(wild);
  } finally {
    await scene.close();
  }
}

async function story(scene: Scene, wild: WildCase, notes: Notebook): Promise<void> {
  for (const line of scene.refused) notes.wrong(`The cluster refused the MCPServer: ${line}`);
  await wild.before?.(scene);
  const entered = await notes.type('auth login', wild.musterSignIn ?? done);
  if (entered.code !== 0) return;
  const { signIn = done } = wild;
  if (signIn !== 'none') await notes.type(`auth login --server ${scene.server}`, signIn);
  await wild.meanwhile?.(scene);
  if (wild.secondSignIn !== undefined)
    await notes.type(`auth login --server ${scene.server}`, wild.secondSignIn);
  await wild.later?.(scene);
  // Before anybody verifies, the two already agree.
  if (wild.meanwhile !== undefined || wild.later !== undefined)
    notes.agree([await notes.listed(), await notes.told()]);

  const { session = 'Authenticated' } = wild;
  const isFine = session === '-' || session.startsWith('Authenticated');
  const verified = await notes.type(
    'auth status --verify',
    wild.verify ?? { code: isFine ? 0 : 2, says: isGood(wild) ? [nothingToSay] : [] },
  );
  const words = [
    notes.toldIn(verified),
    await notes.listed(),
    await notes.listedAsJson(),
    await notes.toldAsJson(),
  ];
  notes.agree(words);
  notes.row(words[0] ?? '');
  if (words[0] !== session) notes.wrong(`SESSION is "${words[0] ?? ''}", not "${session}".`);
  if (wild.problem !== undefined) await notes.detail(wild.problem);
  await wild.holds?.(scene);
  await notes.walk();

  const out = await scene.type(`auth logout --server ${scene.server}`);
  notes.keep(out);
  if (out.code !== 0) notes.wrong(`Sign-out ended with ${String(out.code)}: ${out.stderr.trim()}`);
  const after = await notes.listed();
  const expected = wild.signedOut ?? (session === '-' ? '-' : 'Pending Auth');
  if (after !== expected) notes.wrong(`After sign-out SESSION is "${after}", not "${expected}".`);
}

/** A session without a problem: whatever was due was done, and nothing is said beside it. */
const isGood = ({ session = 'Authenticated', problem }: WildCase): boolean =>
  session === 'Authenticated' && problem === undefined;
const nothingToSay = /^ {2}wild +Authenticated *$/m;

type Notebook = ReturnType<typeof notebook>;

/** Keeps what was typed and printed, and what was wrong with it. */
function notebook(scene: Scene) {
  const wrong: string[] = [];
  const typed: Typed[] = [];
  const hints: Hint[] = [];
  const codes: string[] = [];
  let session = '';
  let message = '';
  let walked: Awaited<ReturnType<typeof walkHints>> = { astray: [], walked: 0 };

  const keep = (ended: Typed): Typed => {
    typed.push(ended);
    hints.push(...hintsIn(ended));
    return ended;
  };
  const read = async (line: string): Promise<Typed> => keep(await scene.type(line));
  const toldIn = ({ stdout }: Typed): string =>
    new RegExp(`^ {2}${scene.server} {3,}(\\S+(?: \\S+)*)`, 'm').exec(stdout)?.[1] ?? '';

  return {
    keep,
    wrong: (what: string) => void wrong.push(what),
    row: (word: string) => void (session = word),
    type: async (line: string, outcome: Outcome): Promise<Typed> => {
      const ended = await scene.type(line);
      // What a later sign-in has made good leads nowhere any more.
      if (line.startsWith('auth login')) hints.splice(0);
      keep(ended);
      const code = ended.code === 130 ? 'interrupted' : ended.code;
      codes.push(String(code));
      const text = withoutAddresses(ended.stdout + ended.stderr);
      if (![outcome.code].flat().some((right) => right === code))
        wrong.push(
          `"${line}" ended with ${String(code)}, not ${String(outcome.code)}: ${tailOf(text)}`,
        );
      for (const says of [...(outcome.says ?? []), ...(code === 0 ? [] : (outcome.elseSays ?? []))])
        if (!says.test(text)) wrong.push(`"${line}" does not say ${String(says)}: ${tailOf(text)}`);
      for (const never of outcome.never ?? [])
        if (never.test(text)) wrong.push(`"${line}" says ${String(never)}: ${tailOf(text)}`);
      const problem = problemIn(ended.stderr);
      if (problem !== '') message = problem;
      return ended;
    },
    listed: async (): Promise<string> => {
      const { stdout } = await read('list mcpserver --no-headers');
      return stdout.trim().split(/ {2,}/)[2] ?? `nothing: ${tailOf(stdout)}`;
    },
    told: async (): Promise<string> => toldIn(await read('auth status')),
    toldIn,
    listedAsJson: async (): Promise<string> => {
      const inJson = sessionIn((await read('list mcpserver -o json')).stdout);
      message = inJson?.message ?? message;
      return wordOf(inJson);
    },
    toldAsJson: async (): Promise<string> =>
      wordOf(sessionIn((await read('auth status -o json')).stdout)),
    agree: (words: readonly string[]) => {
      if (new Set(words).size !== 1)
        wrong.push(
          `list and auth status do not agree: ${words.map((word) => `"${word}"`).join(', ')}.`,
        );
    },
    detail: async (says: readonly RegExp[]): Promise<void> => {
      const { stdout, stderr } = await read(`auth status --server ${scene.server}`);
      for (const expected of says)
        if (!expected.test(stdout))
          wrong.push(`The detail does not say ${String(expected)}: ${tailOf(stdout + stderr)}`);
    },
    walk: async () => {
      walked = await walkHints(scene, hints);
    },
    result: async (wild: WildCase): Promise<Driven> => {
      // A sign-in to muster that failed has hints, too.
      if (walked.walked === 0) walked = await walkHints(scene, hints);
      wrong.push(...spilled(typed, scene.secrets()));
      return {
        row: {
          case: wild.name,
          code: codes.join(', '),
          session,
          message,
          declined: wild.declined ?? '',
        },
        wrong,
        ...walked,
      };
    },
  };
}

/** Both commands print these members. */
const itemsSchema = z.object({
  items: z.array(z.object({ session: z.optional(sessionSchema) })),
});

const sessionIn = (stdout: string): Session | undefined =>
  itemsSchema.parse(JSON.parse(stdout)).items[0]?.session;

/** The session in JSON, as the text shows it. */
const wordOf = (session: Session | undefined): string =>
  [session?.status ?? '', ...(session?.sso === undefined ? [] : [`[SSO: ${session.sso}]`])].join(
    ' ',
  );

/** The error or the warning, without the hint below it. */
const problemIn = (stderr: string): string => /^(?:Error|Warning): (.*)$/m.exec(stderr)?.[1] ?? '';

/** Addresses for the browser hold names and parameters that the messages should hold. */
const withoutAddresses = (text: string): string => text.replace(/^ {2}https?:\S+$/gm, '');

/** The end of what was printed. */
const tailOf = (text: string): string =>
  withoutAddresses(text).replace(/\s+/g, ' ').trim().slice(-400);

/** Outputs with a token, a code or a secret in them. */
const spilled = (typed: readonly Typed[], secrets: ReadonlySet<string>): readonly string[] =>
  typed.flatMap(({ line, stdout, stderr }) =>
    [...secrets].some((secret) => secret.length >= 16 && (stdout + stderr).includes(secret))
      ? [`A secret is in the output of "${line}".`]
      : [],
  );
