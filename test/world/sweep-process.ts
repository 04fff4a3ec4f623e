/** A process of its own that makes one sweep by its environment, and prints the report as JSON. */
import { createSweep } from '../../functions/sweep.ts';

process.stdout.write(
  JSON.stringify(await createSweep(process.env)({ kind: 'tick', everything: true })),
);
