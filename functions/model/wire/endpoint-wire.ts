/** What the endpoint says about itself and about a request that failed. */
import * as z from 'zod/mini';
import { field, text } from './wire-field.ts';

/** The health check. */
export const healthSchema = z.object({
  status: field(z.literal('ok'), 'The function runs.'),
  version: field(text, 'Version of the endpoint.'),
});
export type Health = z.infer<typeof healthSchema>;

/** RFC 9457 problem document. */
export const problemSchema = z.object({
  type: field(
    text,
    'Address of the page about this kind of problem (RFC 9457). about:blank: the endpoint has no SITE_URL.',
  ),
  title: field(text, 'What happened, in a few words.'),
  status: field(z.number(), 'The HTTP status.'),
  detail: field(z.optional(text), 'What happened in this case.'),
  hint: field(z.optional(text), 'What to do next, often a command.'),
});
export type Problem = z.infer<typeof problemSchema>;
