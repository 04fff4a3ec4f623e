/** A Parameter Store on loopback that does what a test says. `test/aws/` has one that others wrote. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { listen } from '../../local/listen.ts';

export type TestParameters = {
  readonly url: string;
  /** By the full name. */
  readonly values: Map<string, string>;
  /** The names of each request, in order. */
  readonly asked: (readonly string[])[];
  /** The next answers, in order, instead of the values. */
  readonly failures: { readonly status: number; readonly type: string }[];
  readonly close: () => Promise<void>;
};

const requestSchema = z.object({ Names: z.array(z.string()), WithDecryption: z.literal(true) });

export async function startParameters(
  given: Readonly<Record<string, string>> = {},
): Promise<TestParameters> {
  const values = new Map(Object.entries(given));
  const asked: (readonly string[])[] = [];
  const failures: { readonly status: number; readonly type: string }[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const { Names } = requestSchema.parse(body);
      asked.push(Names);
      const isSigned =
        request.headers['x-amz-target'] === 'AmazonSSM.GetParameters' &&
        /^AWS4-HMAC-SHA256 .*\/ssm\/aws4_request/.test(request.headers.authorization ?? '');
      const failure = isSigned ? failures.shift() : { status: 400, type: 'IncompleteSignature' };
      response.statusCode = failure?.status ?? 200;
      if (failure !== undefined)
        return response.end(
          JSON.stringify({ __type: `com.amazonaws.ssm#${failure.type}`, message: 'role/ada' }),
        );
      const found = Names.filter((name) => values.has(name));
      return response.end(
        JSON.stringify({
          Parameters: found.map((Name) => ({
            Name,
            Type: 'SecureString',
            Value: values.get(Name),
          })),
          InvalidParameters: Names.filter((name) => !values.has(name)),
        }),
      );
    });
  });
  return { ...(await listen(server)), values, asked, failures };
}
