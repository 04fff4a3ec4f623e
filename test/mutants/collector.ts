/**
 * Stands in for `vitest` in the tests that judge the mutants: they are not run but collected, so
 * that each can be run for each mutant. `expect` and `vi` are those of vitest.
 */
export { expect, vi } from 'vitest';

type Step = () => unknown;
type Hooks = Readonly<Record<'beforeAll' | 'afterAll' | 'beforeEach' | 'afterEach', Step[]>>;

/** A test, with the steps around it from the outside to the inside. */
export type Collected = {
  readonly title: string;
  readonly body: Step;
  readonly around: readonly Hooks[];
};

const noHooks = (): Hooks => ({ beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });
const root = noHooks();
const scopes: Hooks[] = [root];
const allScopes: Hooks[] = [root];
const collected: Collected[] = [];

export type Collection = {
  readonly tests: readonly Collected[];
  readonly scopes: readonly Hooks[];
};

/** What the file that was imported since this module was loaded has declared. */
export const collection = (): Collection => ({ tests: collected, scopes: allScopes });

const hook =
  (name: keyof Hooks) =>
  (step: Step): void => {
    scopes.at(-1)?.[name].push(step);
  };
export const beforeAll = hook('beforeAll');
export const afterAll = hook('afterAll');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');

type Declare = (title: string, body: (...row: readonly unknown[]) => unknown) => void;

const each =
  (declare: Declare) =>
  (rows: readonly unknown[]) =>
  (title: string, body: (...row: readonly unknown[]) => unknown): void => {
    for (const row of rows) {
      const facts: readonly unknown[] = Array.isArray(row) ? row : [row];
      declare(`${title} ${JSON.stringify(facts)}`, () => body(...facts));
    }
  };

const declareTest: Declare = (title, body) => {
  collected.push({ title, body: () => body(), around: [...scopes] });
};
const declareGroup: Declare = (_title, body) => {
  const scope = noHooks();
  scopes.push(scope);
  allScopes.push(scope);
  body();
  scopes.pop();
};
export const test = Object.assign(declareTest, { each: each(declareTest) });
export const describe = Object.assign(declareGroup, { each: each(declareGroup) });
