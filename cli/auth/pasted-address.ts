import { createInterface } from 'node:readline/promises';

/**
 * Reads the address where the browser ended, from a person whose browser is on another machine: it
 * cannot open a page of this one. `accept` decides about each line; the others are asked again.
 * Ends by itself when the input does.
 */
export function readPastedAddress(
  accept: (text: string) => boolean,
  info: (line: string) => void,
): { readonly stop: () => void } {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // A terminal in raw mode sends no signal by itself.
  terminal.once('SIGINT', () => {
    terminal.close();
    process.kill(process.pid, 'SIGINT');
  });
  let isAccepted = false;
  let isClosed = false;
  terminal.once('close', () => {
    isClosed = true;
    // What is printed next begins a line of its own.
    if (!isAccepted) process.stderr.write('\n');
  });
  terminal.setPrompt('If the last page does not load, paste its whole address here: ');
  terminal.on('line', (line) => {
    if (isClosed || isAccepted) return; // lines that were typed ahead
    const text = line.trim();
    isAccepted = text !== '' && accept(text);
    if (isAccepted) return;
    if (text !== '') info('This is not the address where this sign-in ended.');
    terminal.prompt();
  });
  terminal.prompt();
  return { stop: () => terminal.close() };
}
