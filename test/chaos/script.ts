/** What happens in one run: servers whose truth changes, and what goes wrong around the sweeps. */
import { defined } from '../../functions/model/defined.ts';
import { type Condition, conditions, type Truth } from './conditions.ts';

/** Seconds since the begin of the run. */
type Seconds = number;

export type Step = { readonly at: Seconds } & (
  | ({ readonly kind: 'becomes' } & Truth)
  /** Its owner changes the spec: a new generation. */
  | { readonly kind: 'newSpec' }
  /** Deleted and created again under the same name: a new uid. */
  | { readonly kind: 'recreated' }
  | { readonly kind: 'suspended' | 'resumed' | 'labelledOff' | 'labelledOn' }
  | { readonly kind: 'deleted' | 'created' }
  /** Another writer sets a condition of its own. */
  | { readonly kind: 'noted' }
);

export type ScriptedServer = {
  readonly name: string;
  readonly begins: Truth;
  readonly steps: readonly Step[];
};

export type Trouble =
  /** The runner ends at some point of its run. */
  | { readonly kind: 'crash' }
  /** The invocation never begins. */
  | { readonly kind: 'throttle' }
  | { readonly kind: 'tick'; readonly how: 'late' | 'twice' | 'lost' | 'byHand' }
  | {
      readonly kind: 'api';
      readonly how:
        | 'conflict'
        | 'invalid'
        | 'busy'
        | 'error'
        | 'resetBefore'
        | 'resetAfter'
        | 'silent';
    }
  /** All tokens of lists expire, again and again. */
  | { readonly kind: 'expiry' }
  | { readonly kind: 'bus'; readonly how: 'refuses' | 'takesSome' | 'failsAfter' }
  | { readonly kind: 'pages'; readonly how: 'lost' | 'twice' | 'late' }
  | { readonly kind: 'table'; readonly how: 'before' | 'after' }
  | { readonly kind: 'clock'; readonly aheadSeconds: number }
  /** The network of the prober. */
  | { readonly kind: 'network'; readonly how: 'noRoute' | 'noResolver' };

/** Trouble in a stretch of time, for each thing that it may hit with the same chance. */
export type Fault = {
  readonly id: number;
  readonly from: Seconds;
  readonly until: Seconds;
  readonly chance: number;
  readonly trouble: Trouble;
};

export type Script = {
  readonly seed: number;
  readonly pageSize: number;
  /** Until then things change and go wrong; then there is quiet. */
  readonly stormSeconds: Seconds;
  readonly servers: readonly ScriptedServer[];
  readonly faults: readonly Fault[];
};

type Random = () => number;

/** Numbers from 0 to 1 (mulberry32). */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (next: Random, least: number, most: number): number =>
  least + Math.floor(next() * (most - least + 1));

function oneOf<Item>(next: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(next() * items.length)] ?? items[0];
}

/** The script of a seed: always the same. */
export function scriptOf(seed: number): Script {
  const next = random(seed);
  const stormSeconds = between(next, 25, 50) * 60;
  const count = between(next, 20, 60);
  return {
    seed,
    // Small enough for many pages, and in some runs for more than are swept one after another.
    pageSize: oneOf(next, [3, 4, 5, 8, 13, 30]),
    stormSeconds,
    servers: Array.from({ length: count }, (_, index) => aServer(next, index, stormSeconds)),
    faults: Array.from({ length: between(next, 8, 16) }, (_, id) => aFault(next, id, stormSeconds)),
  };
}

function aServer(next: Random, index: number, stormSeconds: number): ScriptedServer {
  const times = Array.from({ length: between(next, 0, 8) }, () =>
    between(next, 20, stormSeconds),
  ).sort((one, other) => one - other);
  const steps = times.flatMap((at): Step[] => someSteps(next, at, stormSeconds));
  const last = { at: stormSeconds, kind: 'becomes', ...aTruth(next, lasting) } as const;
  return {
    name: `server-${String(index).padStart(2, '0')}`,
    begins: aTruth(next, all),
    // What flaps to the end has no one truth.
    steps: [...steps, last].sort((one, other) => one.at - other.at),
  };
}

const [firstCondition, ...otherConditions] = conditions;
const all: readonly [Condition, ...Condition[]] = [firstCondition, ...otherConditions];
const lasting: readonly [Condition, ...Condition[]] = [
  firstCondition,
  ...otherConditions.filter((is) => is !== 'flapping'),
];

function aTruth(next: Random, from: readonly [Condition, ...Condition[]]): Truth {
  // Servers answer more often than they do not.
  const is = next() < 0.35 ? oneOf(next, ['open', 'signIn'] as const) : oneOf(next, from);
  const asks = is === 'rateLimited' || (is === 'gateway' && next() < 0.3);
  return defined({ is, retryAfterSeconds: asks ? oneOf(next, [5, 40, 90, 300, 600]) : undefined });
}

type Plain = 'suspended' | 'resumed' | 'labelledOff' | 'labelledOn' | 'deleted' | 'created';

/** What was taken away comes back before the end, or does not. */
function someSteps(next: Random, at: number, stormSeconds: number): Step[] {
  const later = Math.min(stormSeconds, at + between(next, 30, 900));
  const dice = next();
  if (dice < 0.6) return [{ at, kind: 'becomes', ...aTruth(next, all) }];
  if (dice < 0.7) return [{ at, kind: 'newSpec' }];
  if (dice < 0.78) return [{ at, kind: 'recreated' }];
  if (dice < 0.85) return [{ at, kind: 'noted' }];
  const comesBack = next() < 0.8;
  const pair = oneOf<readonly [Plain, Plain]>(next, [
    ['suspended', 'resumed'],
    ['labelledOff', 'labelledOn'],
    ['deleted', 'created'],
  ]);
  return [{ at, kind: pair[0] }, ...(comesBack ? [{ at: later, kind: pair[1] }] : [])];
}

function aFault(next: Random, id: number, stormSeconds: number): Fault {
  const from = between(next, 0, stormSeconds - 60);
  const trouble = aTrouble(next);
  const longest = trouble.kind === 'network' ? 900 : 480;
  return {
    id,
    from,
    until: Math.min(stormSeconds, from + between(next, 40, longest)),
    chance: Math.min(oneOf(next, [0.05, 0.2, 0.5, 0.9]), mostOf(trouble)),
    trouble,
  };
}

/** A page that comes twice queues the next one twice: more would double with each of 20 pages. */
const mostOf = (trouble: Trouble): number =>
  trouble.kind === 'pages' && trouble.how === 'twice' ? 0.1 : 1;

function aTrouble(next: Random): Trouble {
  const kind = oneOf(next, [
    'crash',
    'crash',
    'throttle',
    'tick',
    'tick',
    'api',
    'api',
    'api',
    'expiry',
    'bus',
    'bus',
    'pages',
    'pages',
    'table',
    'clock',
    'network',
  ] as const);
  switch (kind) {
    case 'crash':
    case 'throttle':
    case 'expiry':
      return { kind };
    case 'tick':
      return { kind, how: oneOf(next, ['late', 'twice', 'lost', 'byHand'] as const) };
    case 'api':
      return {
        kind,
        how: oneOf(next, [
          'conflict',
          'invalid',
          'busy',
          'error',
          'resetBefore',
          'resetAfter',
          'silent',
        ] as const),
      };
    case 'bus':
      return { kind, how: oneOf(next, ['refuses', 'takesSome', 'failsAfter'] as const) };
    case 'pages':
      return { kind, how: oneOf(next, ['lost', 'twice', 'late'] as const) };
    case 'table':
      return { kind, how: oneOf(next, ['before', 'after'] as const) };
    case 'clock':
      return {
        kind,
        aheadSeconds: oneOf(next, [-7200, -600, -90, -20, 15, 50, 100, 1800, 86_400]),
      };
    case 'network':
      return { kind, how: oneOf(next, ['noRoute', 'noResolver'] as const) };
  }
}
