import type { HttpRequest } from './request.ts';

/** What was read, and the tag by which the endpoint knows the answer. */
type Known<Value> = { readonly etag: string; readonly value: Value };

type Asked = Pick<HttpRequest, 'url' | 'bearer'>;

/**
 * The last answer to a command that asks the same again and again; in memory only. Another address or
 * another token, also a renewed one, is another question: no person gets what was shown to another.
 */
export type AnswerMemory<Value> = {
  readonly recall: (asked: Asked) => Known<Value> | undefined;
  /** In place of the one before. Undefined forgets it. */
  readonly keep: (asked: Asked, known: Known<Value> | undefined) => void;
};

export function answerMemory<Value>(): AnswerMemory<Value> {
  let last: { readonly asked: Asked; readonly known: Known<Value> } | undefined;
  return {
    recall: ({ url, bearer }) =>
      last?.asked.url === url && last.asked.bearer === bearer ? last.known : undefined,
    keep: ({ url, bearer }, known) => {
      last = known === undefined ? undefined : { asked: { url, bearer }, known };
    },
  };
}
