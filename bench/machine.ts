/** Where the numbers were measured, without anything that names this one machine. */
import { availableParallelism, cpus } from 'node:os';

export type Machine = { readonly cores: number; readonly cpu: string; readonly node: string };

export const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
  node: process.versions.node,
});

/** `2026-11-26, 2 cores (AMD EPYC), Node 24.21.0`. */
export const datedMachine = (at: Date, { cores, cpu, node }: Machine): string =>
  `${at.toISOString().slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}`;
