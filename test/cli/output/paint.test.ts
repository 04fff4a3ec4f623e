import { describe, expect, test } from 'vitest';
import { harmless, isColorOn, painter } from '../../../cli/output/paint.ts';

const decided = (
  environment: Record<string, string>,
  { isTerminal = true, noColor = false } = {},
): boolean => isColorOn({ environment, isTerminal, noColor });

describe('colors', () => {
  test.each([
    ['on a terminal', {}, {}, true],
    ['not in a pipe', {}, { isTerminal: false }, false],
    ['not with NO_COLOR=1', { NO_COLOR: '1' }, {}, false],
    ['with an empty NO_COLOR, as no-color.org has it', { NO_COLOR: '' }, {}, true],
    ['not with --no-color', {}, { noColor: true }, false],
    ['not with --no-color, even if forced', { FORCE_COLOR: '1' }, { noColor: true }, false],
    ['in a pipe with CLICOLOR_FORCE=1', { CLICOLOR_FORCE: '1' }, { isTerminal: false }, true],
    ['in a pipe with FORCE_COLOR=3', { FORCE_COLOR: '3' }, { isTerminal: false }, true],
    ['not in a pipe with CLICOLOR_FORCE=0', { CLICOLOR_FORCE: '0' }, { isTerminal: false }, false],
    ['not with FORCE_COLOR=0', { FORCE_COLOR: '0' }, {}, false],
    ['not with NO_COLOR, even if forced', { NO_COLOR: '1', FORCE_COLOR: '1' }, {}, false],
    ['not with CLICOLOR=0', { CLICOLOR: '0' }, {}, false],
    ['not with TERM=dumb', { TERM: 'dumb' }, {}, false],
    ['with TERM=dumb, if forced', { TERM: 'dumb', FORCE_COLOR: '1' }, {}, true],
  ] as const)('are on %s', (_title, environment, stream, isOn) => {
    expect(decided(environment, stream)).toBe(isOn);
  });

  test('are codes that end what they begin, and nothing where they are off', () => {
    expect(painter(true)('bad', 'Failed')).toBe('\u001B[31mFailed\u001B[39m');
    expect(painter(true)('bold', 'Muster')).toBe('\u001B[1mMuster\u001B[22m');
    expect(painter(false)('bad', 'Failed')).toBe('Failed');
  });
});

describe('what is printed', () => {
  const painted = painter(true)('good', 'Connected');

  test('keeps the colors of the command, where they are on', () => {
    expect(harmless(painted, true)).toBe(painted);
    expect(harmless(painted)).toBe('[32mConnected[39m');
  });

  test.each([
    ['clear the terminal', '\u001B[2J'],
    ['move the cursor', '\u001B[1;1H'],
    ['hide text', '\u001B[8m'],
    ['blink', '\u001B[5m'],
    ['set the title of the window', '\u001B]0;pwned\u0007'],
    ['end a line early', 'a\rb'],
    ['turn the direction of text', '\u202Eabc'],
    ['begin a sequence in one character', '\u009B2J'],
    ['join two codes', '\u001B[31;8m'],
  ])('never holds what could %s', (_title, text) => {
    expect(harmless(text, true)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });
});
