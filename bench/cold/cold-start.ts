/**
 * Loads one bundle in a fresh process, lets it answer one event, and tells what that took, and
 * which status the answer has. For `cold.ts` and the stack test.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [file = ''] = process.argv.slice(2);
// Not an argument: arguments of a process are visible, and an event may hold a token.
const event: unknown = JSON.parse(readFileSync(0, 'utf8'));
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
const importMs = performance.now() - started;
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // the log lines of the handler
const answer = await handler(event, {});
process.stdout.write = write;
const took = { importMs, answerMs: performance.now() - started, cpuMs: cpuMs() - cpu };
const rssMb = process.memoryUsage.rss() / 1024 / 1024;
const sources = loaded.map((path) => readFileSync(path));
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
process.stdout.write(
  JSON.stringify({
    ...took,
    rssMb,
    kb: sum(sources.map(({ length }) => length)) / 1024,
    gzipKb: sum(sources.map((source) => gzipSync(source).length)) / 1024,
    status:
      typeof answer === 'object' && answer !== null && 'statusCode' in answer
        ? answer.statusCode
        : undefined,
  }),
);
process.exit();
