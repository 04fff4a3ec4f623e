/**
 * A person in front of the pages of the local issuers, without a browser: follows redirects with
 * cookies and clicks the button of one persona.
 */
import type { Persona } from './issuer.ts';
import { defined } from '../functions/model/defined.ts';

const mostSteps = 20;

/**
 * Opens an address as a browser that is new for each call. Throws where the pages lead to no end,
 * or to an error.
 */
export async function clickThrough(
  start: string,
  { email }: Pick<Persona, 'email'>,
): Promise<void> {
  const cookies = new Map<string, string>();
  let url = new URL(start);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < mostSteps; step += 1) {
    const response = await fetch(
      url,
      defined({
        redirect: 'manual' as const,
        method: form === undefined ? 'GET' : 'POST',
        headers: { cookie: cookiesFor(url, cookies) },
        body: form,
      }),
    );
    for (const line of response.headers.getSetCookie()) keep(url, line, cookies);
    const page = await response.text();
    const location = response.headers.get('location');
    const isLoginPage = page.includes('name="persona"');
    if (location === null && !isLoginPage) {
      if (response.ok) return;
      throw new Error(`${url.origin}${url.pathname} answered ${String(response.status)}.`);
    }
    form = location === null ? new URLSearchParams({ persona: email }) : undefined;
    if (location !== null) url = new URL(location, url);
  }
  throw new Error(`The pages of ${new URL(start).origin} lead to no end.`);
}

/** By origin: a real browser sends them to other ports too, where the issuers ignore them. */
const cookiesFor = ({ origin }: URL, cookies: ReadonlyMap<string, string>): string =>
  [...cookies]
    .filter(([key]) => key.startsWith(`${origin} `))
    .map(([, pair]) => pair)
    .join('; ');

function keep({ origin }: URL, line: string, cookies: Map<string, string>): void {
  const [pair = ''] = line.split(';');
  const [name = '', value] = pair.split('=');
  if (value === '') cookies.delete(`${origin} ${name}`);
  else cookies.set(`${origin} ${name}`, pair);
}
