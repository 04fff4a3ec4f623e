import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { openScreen } from '../../../cli/output/screen.ts';

/** A terminal that is written to, and whose window changes. */
function aTerminal(columns = 20, rows = 3) {
  const events = new EventEmitter();
  const written: string[] = [];
  const terminal = {
    columns,
    rows,
    write: (text: string) => written.push(text),
    on: events.on.bind(events),
    off: events.off.bind(events),
  };
  const resize = (newColumns: number): void => {
    terminal.columns = newColumns;
    events.emit('resize');
  };
  return { terminal, written, resize, listeners: () => events.listenerCount('resize') };
}

const open = (colors = true) => {
  const world = aTerminal();
  const screen = openScreen(world.terminal, colors);
  return { ...world, screen };
};

test('a frame is one write, in place of the one before, and no line is erased after it is written', () => {
  const { screen, written } = open();
  screen.show(() => ['one', 'two']);
  expect(written.at(-1)).toBe('\u001B[H\u001B[Kone\r\n\u001B[Ktwo\u001B[J');
  screen.close();
});

test('a frame has at most as many lines as the screen', () => {
  const { screen, written } = open();
  screen.show(() => ['1', '2', '3', '4']);
  expect(written.at(-1)).not.toContain('4');
  screen.close();
});

test('another width is another frame, at once', () => {
  const { screen, written, resize } = open();
  screen.show(({ columns }) => [`width ${columns}`]);
  resize(50);
  expect(written.at(-1)).toContain('width 50');
  screen.close();
});

test('the terminal comes back as it was, once, and nothing listens any more', () => {
  const before = process.listenerCount('exit');
  const { screen, written, listeners } = open();
  expect(process.listenerCount('exit')).toBe(before + 1);
  screen.close();
  screen.close();
  expect(written).toEqual(['\u001B[?1049h\u001B[?7l', '\u001B[?7h\u001B[?1049l']);
  expect([listeners(), process.listenerCount('exit')]).toEqual([0, before]);
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGCONT'])
    expect(process.listenerCount(signal)).toBe(0);
});

test('text from outside cannot control the terminal, and the codes of paint need colors', () => {
  const hostile = ['\u001B[2Jgone \u001B[31mred\u001B[39m'];
  const { screen, written } = open();
  screen.show(() => hostile);
  expect(written.at(-1)).toContain('[2Jgone \u001B[31mred');
  expect(written.at(-1)).not.toContain('\u001B[2J');
  screen.close();
  const plain = open(false);
  plain.screen.show(() => hostile);
  expect(plain.written.at(-1)).not.toContain('\u001B[31m');
  plain.screen.close();
});
