import { expect, test } from 'vitest';
import {
  admit,
  afterRequest,
  circuit,
  CircuitOpen,
  type CircuitState,
  closedCircuit,
} from '../../../../functions/adapters/network/circuit.ts';

const rules = { failures: 3, pauseMs: 10_000 };
const at = (second: number): Date => new Date(Date.UTC(2026, 10, 26, 12, 0, second));
const open = (until: number): CircuitState => ({ kind: 'open', until: at(until) });
const probing = (until: number): CircuitState => ({ kind: 'probing', until: at(until) });
const closed = (failures: number): CircuitState => ({ kind: 'closed', failures });

test.each<[string, CircuitState, 'worked' | 'failed', CircuitState]>([
  ['a failure is remembered', closed(0), 'failed', closed(1)],
  ['the third failure in a row opens the circuit', closed(2), 'failed', open(10)],
  ['a success between two failures makes them the first again', closed(2), 'worked', closed(0)],
  ['a probe that fails opens it again at once', probing(10), 'failed', open(10)],
  ['a probe that works closes it', probing(10), 'worked', closed(0)],
  ['a late failure prolongs the pause', open(5), 'failed', open(10)],
])('%s', (_sentence, before, outcome, after) => {
  expect(afterRequest(before, outcome, rules, at(0))).toEqual(after);
});

test.each<[string, CircuitState, object]>([
  ['closed, it admits', closed(2), { kind: 'admitted', next: closed(2) }],
  ['open, it names the time to wait', open(4), { kind: 'paused', retryAfterMs: 4_000 }],
  ['after the pause it admits one', open(0), { kind: 'admitted', next: probing(10) }],
  ['while that one is on its way it admits no other', probing(7), { kind: 'paused' }],
  ['a probe that never ends is followed by another', probing(0), { kind: 'admitted' }],
])('%s', (_sentence, state, admission) => {
  expect(admit(state, rules, at(0))).toMatchObject(admission);
});

test('a hundred requests while the other side is down send three, and one more after each pause', async () => {
  let time = at(0);
  let sent = 0;
  const through = circuit(rules, () => time);
  const down = () => {
    sent += 1;
    return Promise.reject(new Error('refused'));
  };
  const ask = async () => through(down).catch((error: unknown) => error);
  const hundred = async () => {
    const ends: unknown[] = [];
    for (let index = 0; index < 100; index += 1) ends.push(await ask());
    return ends.filter((end) => end instanceof CircuitOpen).length;
  };
  expect(await hundred()).toBe(97);
  expect(sent).toBe(3);
  time = at(11);
  expect(await hundred()).toBe(99);
  expect(sent).toBe(4);
  time = at(22);
  await Promise.all(Array.from({ length: 100 }, ask));
  expect(sent).toBe(5);
  time = at(33);
  expect(await through(async () => 'back')).toBe('back');
  expect(await through(async () => 'closed')).toBe('closed');
});

test('an error that is no failure of the other side never opens it', async () => {
  const through = circuit({ ...rules, failures: 1 }, () => at(0));
  for (let index = 0; index < 10; index += 1)
    await expect(
      through(
        () => Promise.reject(new Error('404')),
        () => false,
      ),
    ).rejects.toThrow('404');
});

test('the state before everything is closed', () => {
  expect(admit(closedCircuit, rules, at(0)).kind).toBe('admitted');
});
