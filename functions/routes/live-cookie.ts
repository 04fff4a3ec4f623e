import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

/** Seals a text for one place and opens it there only. */
export type SealedTexts = {
  readonly seal: (text: string, place: string) => Promise<string>;
  /** Undefined for what was not sealed for this place, whatever it is. */
  readonly open: (text: string, place: string) => Promise<string | undefined>;
};

/** Keeps the token of a sign-in on the live page while the page reloads. */
export type LiveCookie = {
  /** A token that is too long is not kept, and neither is the one before it. */
  readonly keep: (context: Context, token: string, lifetimeMs: number) => Promise<void>;
  /** Undefined without one that we sealed for this endpoint. */
  readonly read: (context: Context) => Promise<string | undefined>;
  readonly clear: (context: Context) => void;
};

const prefix = 'host';
const name = 'muster-live';

/** As it is sent. `__Host-`: only this host can set it, and only for itself (RFC 6265bis, 4.1.3.2). */
export const liveCookieName = `__Host-${name}`;

/** RFC 6265, section 6.1: browsers keep at least so much of a cookie, and Chromium no more. */
const longestCookie = 4_096;
/** The attributes below, the longest `Max-Age` included. */
const attributesLength = 80;

export function liveCookie({ seal, open }: SealedTexts, publicUrl: string): LiveCookie {
  const place = JSON.stringify(['live', publicUrl]);
  const clear = (context: Context): void =>
    void deleteCookie(context, name, { prefix, ...attributes });
  return {
    keep: async (context, token, lifetimeMs) => {
      const sealed = await seal(token, place);
      if (liveCookieName.length + 1 + sealed.length + attributesLength > longestCookie)
        return clear(context);
      const maxAge = Math.min(Math.max(Math.floor(lifetimeMs / 1_000), 0), longestSeconds);
      setCookie(context, name, sealed, { prefix, ...attributes, maxAge });
    },
    read: async (context) => {
      const sealed = getCookie(context, name, prefix);
      return sealed === undefined ? undefined : open(sealed, place);
    },
    clear,
  };
}

const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const;

/** RFC 6265bis, section 4.1.2.2: no cookie lives longer than 400 days. */
const longestSeconds = 400 * 86_400;
