/** The JSON of rows. What neither the person nor the time changes is made once for each MCPServer. */
import type { McpServer } from '../model/mcpserver.ts';
import type { Session } from '../model/wire/server-wire.ts';
import { type RowForm, sharedRowOf, staleAfter } from '../sessions/row.ts';
import { tagOf } from './answer-tag.ts';

/** A row as it crosses the wire: the text of what `rowOf` gives. */
export type RowText = {
  readonly json: string;
  /** In a string of JSON, as Lambda sends an answer on. */
  readonly bytes: number;
  /** Another one for another text: as good as the text itself, and shorter. */
  readonly tag: string;
  readonly reason?: string;
};

export type RowTexts = (server: McpServer, session: Session | undefined, now: Date) => RowText;

/** Of one server and one form of its row: the text up to what is added for a request. */
type SharedText = {
  readonly json: string;
  readonly bytes: number;
  /** Of `json`. */
  readonly digest: string;
  readonly reason: string | undefined;
  readonly staleAfter: number;
};

/**
 * Gives for each form the function that writes rows. It keeps the shared part for as long as the
 * McpServer itself is kept: a page that callers share is written once.
 */
export function rowTexts(heartbeatMs: number): (form: RowForm) => RowTexts {
  const kept = [
    new WeakMap(),
    new WeakMap(),
    new WeakMap(),
    new WeakMap(),
  ] as const satisfies WeakMap<McpServer, SharedText>[];
  return (form) => {
    const ofForm: WeakMap<McpServer, SharedText> = kept[formIndex(form)];
    return (server, session, now) => {
      const known = ofForm.get(server);
      const shared = known ?? sharedText(server, form, heartbeatMs);
      if (known === undefined) ofForm.set(server, shared);
      return withOwn(shared, form.anonymous ? undefined : session, now);
    };
  };
}

const formIndex = ({ anonymous, withoutConditions = false }: RowForm): 0 | 1 | 2 | 3 => {
  if (anonymous) return withoutConditions ? 3 : 2;
  return withoutConditions ? 1 : 0;
};

function sharedText(server: McpServer, form: RowForm, heartbeatMs: number): SharedText {
  const row = sharedRowOf(server, form);
  // A row has a namespace, so something stands before what is added.
  const json = JSON.stringify(row).slice(0, -1);
  const { reason } = row;
  return {
    json,
    bytes: bytesInString(json),
    digest: tagOf(json),
    reason,
    staleAfter: staleAfter(server, heartbeatMs),
  };
}

function withOwn(shared: SharedText, session: Session | undefined, now: Date): RowText {
  const { reason } = shared;
  const stale = now.getTime() > shared.staleAfter;
  const own =
    session === undefined
      ? `,"stale":${String(stale)}}`
      : `,"stale":${String(stale)},"session":${JSON.stringify(session)}}`;
  const text = {
    json: shared.json + own,
    bytes: shared.bytes + bytesInString(own),
    tag: shared.digest + own,
  };
  return reason === undefined ? text : { ...text, reason };
}

/** Of JSON in a string of JSON: of what it consists of, only quotes and backslashes are escaped. */
export const bytesInString = (json: string): number =>
  Buffer.byteLength(json) + countOf(json, '"') + countOf(json, '\\');

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1))
    count += 1;
  return count;
}
