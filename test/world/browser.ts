/**
 * Plays a person with a browser: follows redirects with a cookie jar, submits every form, clicks
 * the login page as one persona.
 */
import type { Persona } from '../../local/issuer.ts';
import { defined } from '../../functions/model/defined.ts';

/** Where the browser came to rest. Without `html` it was stopped in front of `url`. */
export type Landing = {
  readonly url: URL;
  readonly status?: number;
  readonly html?: string;
  readonly headers?: Headers;
};

type VisitOptions = {
  /** Stop in front of the first address that matches, without asking for it. */
  readonly stopAt?: (url: URL) => boolean;
};

export type Browser = {
  readonly visit: (start: string | URL, options?: VisitOptions) => Promise<Landing>;
};

const maxSteps = 20;

/**
 * A browser of its own for each call: two of them share no cookies. `fetch` is for worlds with a
 * certificate authority of their own.
 */
export function browserOf(
  persona: Pick<Persona, 'email'>,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Browser {
  const jar = cookieJar();
  const visit = async (
    start: string | URL,
    { stopAt = () => false }: VisitOptions = {},
  ): Promise<Landing> => {
    let step: Step = { url: new URL(start) };
    for (let count = 0; count < maxSteps; count += 1) {
      if (stopAt(step.url)) return { url: step.url };
      const response = await fetch(
        step.url,
        defined({
          redirect: 'manual',
          headers: { accept: 'text/html', cookie: jar.cookiesFor(step.url) },
          method: step.form === undefined ? undefined : 'POST',
          body: step.form,
        }),
      );
      jar.keep(step.url, response.headers.getSetCookie());
      const html = await response.text();
      const next = redirectOf(response, step.url) ?? submissionOf(html, step.url, persona);
      if (next === undefined)
        return { url: step.url, status: response.status, html, headers: response.headers };
      step = next;
    }
    throw new Error(
      `The browser went round in circles and ended at ${step.url.origin}${step.url.pathname}.`,
    );
  };
  return { visit };
}

type Step = { readonly url: URL; readonly form?: URLSearchParams };

function redirectOf(response: Response, from: URL): Step | undefined {
  const location = response.headers.get('location');
  return location === null || response.status < 300 || response.status > 399
    ? undefined
    : { url: new URL(location, from) };
}

/** The first form of the page, filled in by the persona. */
function submissionOf(html: string, from: URL, persona: Pick<Persona, 'email'>): Step | undefined {
  const form = /<form([^>]*method="post"[^>]*)>(.*?)<\/form>/is.exec(html);
  if (form === null) return undefined;
  const [, attributes = '', inside = ''] = form;
  const fields = new URLSearchParams();
  let clicked = false;
  for (const [, input = ''] of inside.matchAll(/<(?:input|button)([^>]*)>/g)) {
    const name = attribute(input, 'name');
    // Of several buttons, only the one that is clicked is sent: here the first.
    const isButton = attribute(input, 'type') === 'submit';
    if (name !== undefined && !(isButton && clicked))
      fields.set(name, attribute(input, 'value') ?? '');
    clicked ||= isButton;
  }
  if (inside.includes('name="persona"')) fields.set('persona', persona.email);
  if (fields.has('password')) {
    fields.set('username', persona.email);
    fields.set('password', passwordOf(persona));
  }
  return { url: new URL(attribute(attributes, 'action') ?? from, from), form: fields };
}

/** Where an issuer asks for one, it is the name in front of the address. */
const passwordOf = ({ email }: Pick<Persona, 'email'>): string => email.replace(/@.*/, '');

const attribute = (text: string, name: string) =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&');

/** Cookies know hosts and paths, not ports, as in a real browser. */
function cookieJar() {
  const cookies = new Map<
    string,
    { readonly host: string; readonly path: string; readonly pair: string }
  >();
  const keep = ({ hostname: host }: URL, setCookies: readonly string[]) => {
    for (const line of setCookies) {
      const [pair = '', ...rest] = line.split(/;\s*/);
      const path =
        rest.find((part) => part.toLowerCase().startsWith('path='))?.slice('path='.length) ?? '/';
      const expires = rest
        .find((part) => part.toLowerCase().startsWith('expires='))
        ?.slice('expires='.length);
      const key = `${host} ${path} ${pair.split('=')[0]}`;
      if (expires !== undefined && new Date(expires).getTime() <= Date.now()) cookies.delete(key);
      else cookies.set(key, { host, path, pair });
    }
  };
  const cookiesFor = ({ hostname, pathname }: URL) =>
    [...cookies.values()]
      .filter(({ host, path }) => host === hostname && pathname.startsWith(path))
      .map(({ pair }) => pair)
      .join('; ');
  return { keep, cookiesFor };
}
