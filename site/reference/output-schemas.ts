/**
 * What each command prints with `-o json`, from the schemas of the wire. The site has them as
 * `/schema/COMMAND.json`; a test compares them with what the commands print.
 */
import * as z from 'zod/mini';
import { checkSchema } from '../../functions/model/wire/check-wire.ts';
import { keySchema } from '../../functions/model/wire/person-wire.ts';
import {
  changeSchema,
  explainedRowSchema,
  listSchema,
  rowSchema,
  sessionSchema,
} from '../../functions/model/wire/server-wire.ts';

/** A field and its sentence. */
const field = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema =>
  schema.check(z.describe(description));

const text = z.string();
const time = z.iso.datetime();
const { namespace, name, uid, state } = rowSchema.shape;
const { problems } = listSchema.shape;

const many = <Item extends z.ZodMiniType>(item: Item, description: string) =>
  z.object({
    items: field(z.array(item), description),
    problems: field(z.optional(problems), 'Servers that this is not known of, with the reason.'),
  });

const serverStatus = z.object({
  namespace,
  name,
  uid,
  state,
  session: field(z.optional(sessionSchema), 'Your session. Absent if you are not signed in.'),
});

const describedRow = z.extend(explainedRowSchema, {
  changes: field(
    z.optional(z.array(changeSchema)),
    'Its last changes of STATE, the newest first. Absent if the endpoint keeps none.',
  ),
});

const contextRow = z.object({
  name: field(z.optional(text), 'Name of the context. Absent if the endpoint has none.'),
  endpoint: field(text, 'URL of the endpoint.'),
  issuer: field(text, 'Issuer that you sign in with.'),
  clientId: field(text, 'Client ID of the command line there.'),
  current: field(z.boolean(), 'Whether commands use it when no other endpoint is set.'),
});

const person = {
  subject: field(z.optional(text), 'Subject of your token.'),
  issuer: field(z.optional(text), 'Issuer of your token.'),
  email: field(z.optional(text), 'Your email address.'),
  name: field(z.optional(text), 'Your name.'),
  expiresAt: field(z.optional(time), 'When your token expires.'),
  refreshable: field(z.optional(z.boolean()), 'Whether it refreshes itself.'),
  tokenSource: field(
    z.optional(text),
    'The variable that holds your token. Absent for a sign-in on this machine.',
  ),
};

const watchLine = z.object({
  time: field(time, 'When the change was seen.'),
  type: field(
    z.enum(['listed', 'added', 'changed', 'removed']),
    '`listed`: one of the servers at the start.',
  ),
  row: field(rowSchema, 'The MCPServer as it is now; of one that was removed, as it was.'),
});

/** By the words of the command, with dashes between them. */
const outputs: Readonly<Record<string, z.ZodMiniType>> = {
  // The second one is each line of --watch.
  'list-mcpserver': z.union([
    many(rowSchema, 'The MCPServers, sorted by namespace and name.'),
    watchLine,
  ]),
  'get-mcpserver': z.union([rowSchema, many(rowSchema, 'The MCPServers that were named.')]),
  describe: z.union([
    describedRow,
    z.object({ items: field(z.array(describedRow), 'The MCPServers that were named.') }),
  ]),
  events: z.object({
    items: field(
      z.array(z.extend(changeSchema, { namespace, name })),
      'Changes of STATE, the newest first.',
    ),
  }),
  check: z.union([checkSchema, many(checkSchema, 'The checks of several servers.')]),
  'auth-status': z.union([
    z.object({
      endpoint: field(text, 'URL of the endpoint.'),
      endpointSource: field(text, 'The flag, variable or context that named the endpoint.'),
      authenticated: field(z.boolean(), 'Whether you are signed in to muster.'),
      problem: field(z.optional(text), 'Why your sign-in is of no use for now.'),
      ...person,
      items: field(
        z.optional(z.array(serverStatus)),
        'Your session with each server. Absent if they could not be listed.',
      ),
    }),
    serverStatus,
  ]),
  'auth-keys': z.object({
    items: field(
      z.array(
        z.extend(keySchema, {
          thisMachine: field(z.boolean(), 'Whether it is the key of this machine.'),
        }),
      ),
      'The registered keys, the most recently used first.',
    ),
  }),
  'auth-whoami': z.object({ endpoint: field(text, 'URL of the endpoint.'), ...person }),
  'context-current': z.object({
    name: field(z.optional(text), 'Name of the context. Absent if the endpoint has none.'),
    endpoint: field(text, 'URL of the endpoint that commands use now.'),
    source: field(text, 'The flag, variable or context that named it.'),
  }),
  'context-list': z.object({
    items: field(z.array(contextRow), 'The endpoints that you trust.'),
  }),
  version: z.object({
    client: field(
      z.object({
        version: field(text, 'Version of this muster.'),
        node: field(text, 'Version of Node that runs it.'),
        platform: field(text, 'Operating system and processor.'),
      }),
      'This command.',
    ),
    endpoint: field(
      z.optional(
        z.object({
          url: field(text, 'URL of the endpoint.'),
          version: field(z.optional(text), 'Its version. Absent if it does not say.'),
        }),
      ),
      'The endpoint. Absent with --client.',
    ),
  }),
};

/** Each with the name of its file. They allow more fields: a later release may add some. */
export const outputSchemas = (): ReadonlyMap<string, object> =>
  new Map(
    Object.entries(outputs).map(([name, schema]) => [
      name,
      z.toJSONSchema(schema, {
        override: ({ jsonSchema }) => {
          delete jsonSchema.additionalProperties;
        },
      }),
    ]),
  );

/** The same, but a field that no schema names is an error. For tests. */
export const strictOutputSchemas = (): ReadonlyMap<string, z.core.JSONSchema.JSONSchema> =>
  new Map(Object.entries(outputs).map(([name, schema]) => [name, z.toJSONSchema(schema)]));
