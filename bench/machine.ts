/** Where the numbers were measured, without anything that names this one machine. */
import { availableParallelism, cpus, loadavg } from 'node:os';

export type Machine = {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  /** How many processes wanted a core in the last minute. */
  readonly load: number;
};

export const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
  node: process.versions.node,
  load: loadavg()[0] ?? 0,
});

/** `2026-11-26, 2 cores (AMD EPYC), Node 24.21.0, load 0.2 before the run`. */
export const datedMachine = (at: Date, { cores, cpu, node, load }: Machine): string =>
  `${at.toISOString().slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, load ${load.toFixed(1)} before the run`;
