import type { FaultCase, PersonsClass } from '../../test/world/cases/fault-case.ts';

/** Of every contender, for servers that have none of their own. */
export const deadlineMs = 2_000;

/** Somebody else's way to find out what is up. */
export type Contender = {
  /** As a heading. */
  readonly version: string;
  /** It connects to use a server: one that is up and does not speak MCP is no server to it. */
  readonly isForUse?: true;
  readonly ask: (faultCase: FaultCase) => Promise<PersonsClass>;
  readonly end: () => Promise<void>;
};
