import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { oneLine } from '../model/outside-text.ts';
import type { CallbackResult } from '../sessions/signin.ts';

/**
 * The page after the issuer sent the browser back. It holds no code and no state, and loads nothing
 * from elsewhere.
 */
export function callbackPage(
  context: Context,
  called: CallbackResult,
): Response | Promise<Response> {
  const { status, title, body } = textsFor(called);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>${raw(style)}</style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
  return context.html(page, status, headers);
}

function textsFor(called: CallbackResult) {
  switch (called.kind) {
    case 'parked': {
      const { starterName, starter, serverName, request } = called.signIn;
      return {
        status: 200,
        title: 'One more step',
        body: html`<p><b>${starterName}</b> started this sign-in to <b>${serverName}</b>. If that is you, paste this secret where you started it:</p>
          <p><code>${called.secret}</code></p>
          <p>It works once, within ten minutes, and only for ${starterName}.</p>
          <dl>
            <dt>Started by</dt><dd>${starterName}, signed in at ${shown(starter.issuer)}</dd>
            <dt>Server</dt><dd>${serverName}, at ${shown(called.signIn.serverUrl)}</dd>
            <dt>Issuer of the server</dt><dd>${shown(request.issuer)}</dd>
          </dl>
          <p><b>If you did not start this sign-in, close this page and do not share the secret.</b> Then nothing happens.</p>`,
      } as const;
    }
    case 'declined':
      return {
        status: 200,
        title: 'You were not signed in',
        body: html`<p>${called.message}</p>
          <p>Nothing was stored. You can close this page.</p>`,
      } as const;
    case 'notNamed':
      return {
        status: 400,
        title: 'The answer came from another issuer',
        body: html`<p>The sign-in to <b>${called.signIn.serverName}</b> expects an answer that names the issuer <b>${shown(called.signIn.request.issuer)}</b> (RFC 9207). This answer names another issuer or none. Nothing was stored.</p>
          <p>Do not sign in to this server again before its owner has checked its issuer.</p>`,
      } as const;
    case 'unknown':
      return {
        status: 400,
        title: 'This sign-in is no longer valid',
        body: html`<p>It was already used, took longer than ten minutes, or never existed. Nothing was changed.</p>
          <p>To try again, start a new sign-in where you started this one. In a terminal, run <code>muster auth login</code>.</p>`,
      } as const;
  }
}

/** An address without what is not for a page: its query, and more than fits. */
function shown(address: string): string {
  const url = URL.parse(address);
  return oneLine(url === null ? address : `${url.origin}${url.pathname}`, 100);
}

const style =
  'body{font:1rem/1.5 system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem}code{font-size:1.1rem;overflow-wrap:anywhere}dd{margin:0 0 .5rem;overflow-wrap:anywhere}';

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
