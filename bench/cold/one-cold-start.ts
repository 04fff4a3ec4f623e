import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';

const startSchema = z.object({
  importMs: z.number(),
  answerMs: z.number(),
  cpuMs: z.number(),
  /** Read up to the first answer, and the same compressed. */
  kb: z.number(),
  gzipKb: z.number(),
  rssMb: z.number(),
  /** Of the answer of an endpoint. */
  status: z.optional(z.number()),
});
export type ColdStart = z.infer<typeof startSchema>;

const script = fileURLToPath(new URL('./cold-start.ts', import.meta.url));

/** Loads a bundle in a process of its own and lets it answer one event. */
export async function coldStart(
  file: string,
  event: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ColdStart> {
  const child = spawn(process.execPath, [script, file], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(event));
  return startSchema.parse(JSON.parse(await text(child.stdout)));
}
