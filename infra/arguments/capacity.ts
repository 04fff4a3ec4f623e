import { defined } from '../../functions/model/defined.ts';
import type { ArgumentReader } from './reader.ts';

export type CapacityArguments = {
  readonly heartbeatSeconds: number;
  /** Reserved concurrency of each function. Absent: it shares what the account has unreserved. */
  readonly concurrency: { readonly sweep?: number; readonly api?: number };
};

export function readCapacity(from: ArgumentReader): CapacityArguments {
  const given = from.text('FLEET_SIZE');
  const fleet = Number(given ?? 1000);
  if (!(fleet > 0))
    from.report(`FLEET_SIZE is "${given}". Set it to the largest expected number of MCPServers.`);
  return {
    heartbeatSeconds: heartbeatOf(fleet),
    concurrency: defined({
      sweep: reserved(from, 'SWEEP_CONCURRENCY'),
      api: reserved(from, 'API_CONCURRENCY'),
    }),
  };
}

function reserved({ text, report }: ArgumentReader, name: string): number | undefined {
  const given = text(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < 1)
    report(
      `${name} is "${given}". Set it to a whole number from 1, or remove it from .env to reserve nothing.`,
    );
  else if (value > mostReserved)
    report(
      `${name} is ${given}; the limit is ${mostReserved}. Lambda keeps 100 of the concurrency of an account unreserved: see "Concurrent executions" in Service Quotas.`,
    );
  return value;
}

// Far more than any fleet needs: a typo is found here and not by AWS after some minutes.
const mostReserved = 10_000;

const mostHeartbeatsASecond = 5;
const shortestHeartbeatSeconds = 300;

/**
 * Five minutes, or as long as it takes for the heartbeats of a large fleet to stay under five
 * writes a second.
 */
export const heartbeatOf = (fleet: number): number =>
  Math.max(shortestHeartbeatSeconds, Math.ceil(fleet / mostHeartbeatsASecond / 60) * 60);
