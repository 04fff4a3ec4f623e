import { noOutbox } from '../../functions/reachability/state-changes.ts';
import type { PagePorts } from '../../functions/reachability/sweep-page.ts';

/** What a page of a sweep needs beside its clock, its probe and its writer, on a quiet day. */
export const quietPorts: Omit<PagePorts, 'now' | 'probe' | 'patchStatus'> = {
  readServer: async () => undefined,
  publish: async () => [],
  outbox: noOutbox,
  recordEvents: async () => ({ count: 0 }),
  isOnline: async () => true,
  keepChanges: async () => undefined,
  backOff: async () => {},
};
