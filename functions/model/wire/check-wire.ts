/** Checks of a server, and of the sign-in to it, on the wire. */
import * as z from 'zod/mini';
import { failedParts } from '../failed-parts.ts';
import { conditionStatuses } from '../mcpserver.ts';
import { fixers, linkStatuses, signInLinks } from '../sign-in-links.ts';
import { field, name, namespace, text, time } from './wire-field.ts';

/**
 * The stages of one probe, in the order they happen. `redirects`: all requests that were answered
 * with a redirect. `discover`: the whole `POST server/discover`, its own connection included.
 */
export const stages = ['redirects', 'dns', 'tcp', 'tls', 'headers', 'discover'] as const;
export type Stage = (typeof stages)[number];

/** Body of `POST .../check`. */
export const checkRequestSchema = z.object({
  signIn: field(
    z.optional(z.boolean()),
    'Whether the answer also has every link of the sign-in. Nothing is registered, refreshed or written.',
  ),
});

/** One thing that was found about the sign-in to a server. */
export const signInLinkSchema = z.object({
  link: field(z.enum(signInLinks), 'Link of the chain.'),
  finding: field(text, 'Stable id of the finding. Its page on the site is `page`.'),
  status: field(
    z.enum(linkStatuses),
    'Whether the link is `ok`, `odd` (tolerated), or `broken` (a sign-in fails here, or a session has ended).',
  ),
  message: field(text, 'What was found, as a sentence for people.'),
  fixedBy: field(
    z.optional(z.enum(fixers)),
    'Whose it is to fix: the owner of the server, of its issuer, of muster, or the person who asks.',
  ),
  fix: field(z.optional(text), 'What to do, as a sentence.'),
  page: field(text, 'Path of the page about the finding on the site.'),
  details: field(
    z.optional(
      z.array(
        z.object({
          name: field(text, 'An address that was asked, or the name of a value to copy.'),
          value: field(text, 'What the address answered, or the value.'),
        }),
      ),
    ),
    'What was seen: each place with its answer, and values to copy.',
  ),
});
export type SignInLink = z.infer<typeof signInLinkSchema>;

export const signInCheckSchema = z.object({
  possible: field(z.boolean(), 'Whether the person could sign in, or needs no sign-in.'),
  links: field(z.array(signInLinkSchema), 'The findings, in the order of the chain.'),
});
export type SignInCheck = z.infer<typeof signInCheckSchema>;

/** Answer of `POST .../check`: one probe, its verdict, and the status a sweep would write. */
export const checkSchema = z.object({
  namespace,
  name,
  observed: field(
    text,
    'What the probe saw, as one line for people: `HTTP 401`, `connection refused`.',
  ),
  via: field(
    z.optional(text),
    'The way that the probe took, if it is not straight to the URL: for a Service inside the cluster, through the API server.',
  ),
  stages: field(
    z.array(
      z.object({
        stage: field(z.enum(stages), 'Stage of the probe.'),
        ms: field(z.number(), 'Duration in milliseconds.'),
      }),
    ),
    'The stages of the probe in the order they happened.',
  ),
  state: field(
    z.optional(text),
    'STATE as the next sweep would write it. Absent for stdio and for prober errors.',
  ),
  reason: field(text, 'Reason of the condition `Reachable`, or why there is no verdict.'),
  message: field(text, 'The reason as a sentence for people.'),
  bearerChallenge: field(
    z.optional(z.boolean()),
    'Whether an answer 401 or 403 had the header `WWW-Authenticate: Bearer`. Absent for other answers.',
  ),
  authRequired: field(z.enum(conditionStatuses), 'Whether the server requires a sign-in.'),
  speaksMcp: field(z.enum(conditionStatuses), 'Whether what answers is an MCP server.'),
  consecutiveFailures: field(z.number(), 'Failed probes in a row, including this one.'),
  failedPart: field(z.optional(z.enum(failedParts)), 'What failed. Absent if nothing did.'),
  since: field(z.optional(time), 'Since when the server can be reached, or cannot.'),
  lastConnected: field(
    z.optional(time),
    'The last answer before this probe, as the status has it.',
  ),
  hop: field(
    z.optional(
      z.object({
        from: field(text, 'Address that answered with the redirect.'),
        to: field(text, 'Address that the probe ended at.'),
      }),
    ),
    'The last redirect that was followed.',
  ),
  certificateExpiresAt: field(z.optional(time), 'When the certificate of the server expires.'),
  warning: field(z.optional(text), 'What will fail soon.'),
  hint: field(z.optional(text), 'What to do next.'),
  page: field(z.optional(text), 'Address of the page about the reason. Absent without a site.'),
  signIn: field(
    z.optional(signInCheckSchema),
    'The chain of the sign-in. Present only if the request asked for it.',
  ),
});
export type Check = z.infer<typeof checkSchema>;
