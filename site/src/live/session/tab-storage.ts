/** What one tab remembers while the browser is away at an issuer. Never a token or a secret. */
import { parseJson } from '../../../../functions/model/json.ts';

export type TabStorage = {
  /** False: the browser stores nothing for this page. */
  readonly keep: (value: object) => boolean;
  readonly read: () => unknown;
  readonly remove: () => void;
};

export const tabStorage = (name: string, of: () => Storage = () => sessionStorage): TabStorage => ({
  keep: (value) => {
    try {
      of().setItem(name, JSON.stringify(value));
      return true;
    } catch (error) {
      return isRefusal(error, false);
    }
  },
  read: () => {
    try {
      return parseJson(of().getItem(name) ?? '');
    } catch (error) {
      return isRefusal(error, undefined);
    }
  },
  remove: () => {
    try {
      of().removeItem(name);
    } catch (error) {
      isRefusal(error, undefined);
    }
  },
});

/** A person can forbid a page to store anything; then each access throws. */
function isRefusal<Value>(error: unknown, value: Value): Value {
  if (error instanceof DOMException) return value;
  throw error;
}
