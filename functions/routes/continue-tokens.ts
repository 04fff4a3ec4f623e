/**
 * `continue` of the list: the token of the cluster holds the name of the next MCPServer, which the
 * caller may not see. It is sealed, for one caller and one query only.
 */
import type { Caller } from '../sessions/person.ts';

export type ContinueTokens = {
  readonly seal: (token: string, place: string) => Promise<string>;
  /** Undefined for what was not sealed for this place, whatever it is. */
  readonly open: (text: string, place: string) => Promise<string | undefined>;
};

/** Whose list it is, and of what: `query` is everything of the query but `continue` itself. */
export const continuePlace = (
  caller: Pick<Caller, 'person'> | undefined,
  query: Readonly<Record<string, string | number | undefined>>,
): string =>
  JSON.stringify([
    'continue',
    caller === undefined ? 'anonymous' : [caller.person.issuer, caller.person.subject],
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  ]);
