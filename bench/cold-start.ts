/**
 * Loads one bundle in a fresh process, lets it answer one event, and tells what that took. For
 * `bench/cold.ts`.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [file = '', event = ''] = process.argv.slice(2);
const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    if (url.startsWith('file:')) loaded.push(fileURLToPath(url));
    return next(url, context);
  },
});
const cpuMs = (): number => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;

const started = performance.now();
const cpu = cpuMs();
const { handler }: { handler: (event: unknown, context: unknown) => Promise<unknown> } =
  await import(pathToFileURL(file).href);
const imported = performance.now() - started;
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // the log lines of the handler
await handler(JSON.parse(event), {});
process.stdout.write = write;
const sources = loaded.map((path) => readFileSync(path));
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
process.stdout.write(
  JSON.stringify({
    importMs: imported,
    answerMs: performance.now() - started,
    cpuMs: cpuMs() - cpu,
    kb: sum(sources.map(({ length }) => length)) / 1024,
    gzipKb: sum(sources.map((source) => gzipSync(source).length)) / 1024,
    rssMb: process.memoryUsage.rss() / 1024 / 1024,
  }),
);
process.exit();
