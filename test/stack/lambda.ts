/**
 * A small Lambda: the Runtime API that real runtime clients talk to, an environment (a process) for
 * each invocation at the same time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { listen } from '../../local/listen.ts';

export type FunctionOptions = {
  /** The folder of the bundle; it is the working directory, as on Lambda. */
  readonly bundle: string;
  /** As AWS gets it: `bundle.handler`. */
  readonly handler: string;
  /** Of SST: its runtime client runs the bundle. */
  readonly platform: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

export type Lambda = {
  /** Throws what the handler threw, by its name and message. */
  readonly invoke: (event: unknown) => Promise<unknown>;
  /** Everything the environments wrote to stdout, line by line. */
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
};

type Invocation = {
  readonly id: string;
  readonly event: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
};
type Environment = {
  readonly process: ChildProcess;
  waiting?: ServerResponse;
  running?: Invocation;
};

const errorSchema = z.object({ errorType: z.string(), errorMessage: z.string() });

/**
 * Serves the Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) on
 * loopback for one function.
 */
export async function startLambda({
  bundle,
  handler,
  platform,
  environment,
  timeoutMs,
}: FunctionOptions): Promise<Lambda> {
  const environments = new Map<string, Environment>();
  const queue: Invocation[] = [];
  const log: string[] = [];

  const hand = (one: Environment, response: ServerResponse, invocation: Invocation): void => {
    delete one.waiting;
    one.running = invocation;
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
        'lambda-runtime-invoked-function-arn':
          'arn:aws:lambda:eu-central-1:123456789012:function:test',
        'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${invocation.id.replaceAll('-', '').slice(0, 24)}`,
      })
      .end(JSON.stringify(invocation.event));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, id = '', , , ...path] = (request.url ?? '').split('/');
    const one = environments.get(id);
    if (one === undefined) return void response.writeHead(403).end();
    if (path.join('/') === 'invocation/next') {
      const next = queue.shift();
      if (next === undefined) one.waiting = response;
      else hand(one, response, next);
      return undefined;
    }
    const body = await json(request);
    const { running } = one;
    delete one.running;
    const failed = errorSchema.safeParse(body);
    // Before the client asks for the next event, so that the environment is known to be free.
    response.writeHead(202).end();
    if (path.at(-1) === 'response') running?.resolve(body);
    else
      running?.reject(
        Object.assign(new Error(failed.data?.errorMessage ?? 'init error'), {
          name: failed.data?.errorType ?? 'Error',
        }),
      );
    return undefined;
  };
  const server = createServer((request, response) => void serve(request, response));
  const { port, close } = await listen(server);

  const start = (): void => {
    const id = randomUUID();
    const child = spawn(
      process.execPath,
      [join(platform, 'dist/nodejs-runtime/index.js'), handler],
      {
        cwd: bundle,
        env: {
          ...environment,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}/${id}`,
          AWS_LAMBDA_FUNCTION_NAME: handler,
          AWS_REGION: 'eu-central-1',
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    child.stdout.on('data', (chunk: Buffer) =>
      log.push(...chunk.toString().split('\n').filter(Boolean)),
    );
    const one: Environment = { process: child };
    environments.set(id, one);
    child.once('exit', (code) => {
      environments.delete(id);
      one.running?.reject(new Error(`The environment of ${handler} ended with exit code ${code}.`));
    });
  };
  return {
    log,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        const invocation = { id: randomUUID(), event, resolve, reject };
        const free = [...environments.values()].find(({ waiting }) => waiting !== undefined);
        if (free?.waiting !== undefined) return hand(free, free.waiting, invocation);
        queue.push(invocation);
        start();
      }),
    close: async () => {
      const ended = [...environments.values()].map(
        ({ process }) => new Promise((done) => process.once('exit', done)),
      );
      for (const { process } of environments.values()) process.kill();
      await Promise.all(ended);
      await close();
    },
  };
}
