import { createInterface } from 'node:readline/promises';

/** Asks the person at the terminal, on stderr; only y and yes agree, and an end of input does not. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => {
    terminal.once('close', () => resolve(undefined));
  });
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  if (answer === undefined) {
    // Ctrl-C or Ctrl-D leaves the cursor behind the question.
    process.stderr.write('\n');
    return false;
  }
  return /^y(es)?$/i.test(answer.trim());
}
