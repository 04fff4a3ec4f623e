/** Reads the endpoint of this origin. Stands in until the sign-in of the live page is merged. */
import { isRecord } from '../../../../functions/model/json.ts';

export type Answer =
  | { readonly kind: 'ok'; readonly body: unknown }
  | {
      readonly kind: 'problem';
      readonly status: number;
      readonly title: string;
      readonly detail?: string;
      readonly hint?: string;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'unreachable'; readonly message: string };

export type PersonSession = {
  /** Undefined: signed out of muster. */
  readonly person: () => { readonly name: string; readonly expiresAt: Date } | undefined;
  /** Leaves the page when it succeeds. */
  readonly signIn: () => Promise<Answer>;
  readonly signOut: () => Promise<void>;
  /** GET, with the person's token when signed in. */
  readonly read: (path: string) => Promise<Answer>;
  /** POST with the person's token, without a proof. */
  readonly check: (path: string, body?: unknown) => Promise<Answer>;
  /** Opens a popup; resolves with the body of `session/complete`. */
  readonly signInTo: (server: ServerOf) => Promise<Answer>;
  readonly signOutOf: (server: ServerOf) => Promise<Answer>;
  /** The person changed. */
  readonly onChange: (listener: () => void) => void;
};

type ServerOf = { readonly namespace: string; readonly name: string };

export const openSession = async (): Promise<{
  readonly session: PersonSession;
  readonly problem?: Answer;
}> => {
  const first = await ask('GET', '/v1/mcpservers?limit=1&conditions=none');
  const me = first.kind === 'ok' && isRecord(first.body) ? first.body['me'] : undefined;
  const person = isRecord(me)
    ? { name: String(me['name']), expiresAt: new Date(String(me['expiresAt'])) }
    : undefined;
  const notYet = async (): Promise<Answer> => ({
    kind: 'problem',
    status: 501,
    title: 'This page cannot sign in yet',
  });
  return {
    session: {
      person: () => person,
      signIn: notYet,
      signOut: async () => {},
      read: (path) => ask('GET', path),
      check: (path, body) => ask('POST', path, body),
      signInTo: notYet,
      signOutOf: notYet,
      onChange: () => {},
    },
  };
};

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  try {
    const response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return { kind: 'ok', body: answer };
    const texts = isRecord(answer) ? answer : {};
    const text = (name: string) => (typeof texts[name] === 'string' ? texts[name] : undefined);
    const [detail, hint] = [text('detail'), text('hint')];
    const wait = response.headers.get('retry-after');
    return {
      kind: 'problem',
      status: response.status,
      title: text('title') ?? `The endpoint answered ${String(response.status)}`,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
      ...(wait === null ? {} : { retryAfterSeconds: Number(wait) }),
    };
  } catch (error) {
    return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
  }
}
