import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

export type Question = {
  readonly interrupted?: AbortSignal | undefined;
  /** What is typed does not appear. */
  readonly hidden?: true;
};

/**
 * Asks the person at the terminal, on stderr; undefined at the end of the input. Ctrl-C is the same
 * as anywhere else: throws the AbortError of `interrupted`, else ends the process.
 */
export async function askPerson(
  question: string,
  { interrupted, hidden }: Question = {},
): Promise<string | undefined> {
  const { stdin: input, stderr } = process;
  const terminal = createInterface({
    input,
    output: hidden === true ? new Writable({ write: (_chunk, _encoding, done) => done() }) : stderr,
    terminal: input.isTTY,
  });
  // The cursor stands behind the question, whatever ends it.
  const newLine = () => void stderr.write('\n');
  // A terminal in raw mode sends no signal by itself.
  terminal.once('SIGINT', () => {
    if (interrupted === undefined) newLine();
    process.kill(process.pid, 'SIGINT');
  });
  // After the terminal is in raw mode: no answer is echoed by it.
  if (hidden === true) stderr.write(question);
  try {
    const ended = new Promise<undefined>((resolve) => {
      terminal.once('close', () => resolve(undefined));
    });
    const options = interrupted === undefined ? {} : { signal: interrupted };
    const answer = await Promise.race([
      terminal.question(hidden === true ? '' : question, options),
      ended,
    ]);
    if (answer === undefined || hidden === true) newLine();
    return answer?.trim();
  } catch (error) {
    newLine();
    throw error;
  } finally {
    terminal.close();
  }
}

/** Only y and yes agree, and an end of the input does not. */
export const confirm = async (question: string, interrupted?: AbortSignal): Promise<boolean> =>
  /^y(es)?$/i.test((await askPerson(question, { interrupted })) ?? '');
