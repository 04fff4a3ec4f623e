/** What the schemas of the wire are made of. Times are UTC, RFC 3339. */
import * as z from 'zod/mini';

/** A field and its sentence. */
export const field = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema =>
  schema.check(z.describe(description));

export const text = z.string();
export const texts = z.array(text);
export const time = z.iso.datetime();

export const namespace = field(text, 'Namespace of the MCPServer.');
export const name = field(text, 'Name of the MCPServer.');
