import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../mail/letter.js';
import { INVITATION_SCRIPT } from './invitation-script.js';
import type { Handle } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

export const INVITATION_PATH = '/invitation/';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 36rem; margin: 4rem auto; padding: 0 1rem }
  h1 { line-height: 1.2; margin: 0 0 1.5rem }
  h2 { line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere }
  p { margin: .5rem 0; overflow-wrap: anywhere }
  article { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .75rem; padding: 1.25rem; margin: 1rem 0 }
  blockquote { margin: .75rem 0; padding-left: .75rem; border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent); white-space: pre-wrap; overflow-wrap: anywhere }
  .until, .who { font-size: .875rem; color: color-mix(in srgb, currentColor 65%, transparent) }
  .buttons { display: flex; gap: .75rem; margin-top: 1rem }
  button, .sign-in { font: inherit; padding: .5rem 1.1rem; border-radius: .5rem; border: 1px solid color-mix(in srgb, currentColor 30%, transparent); background: none; color: inherit; cursor: pointer }
  .accept, .sign-in { background: #1d4ed8; border-color: #1d4ed8; color: #fff; text-decoration: none; display: inline-block; margin: .25rem .5rem .25rem 0 }
  .accept { margin: 0 }
  button:disabled { opacity: .5; cursor: default }
  .link { border: 0; padding: 0; text-decoration: underline }
  .told { font-weight: 600 }
  .told:empty { display: none }
`;

const page = (nonce: string, issuers: readonly string[]) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Invitation</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<main>
  <h1>Invitation</h1>
  <noscript><p>This page needs JavaScript.</p></noscript>
  <section id="sign-in" hidden>
    <p>You are invited to work with others. Sign in with the address that the letter was sent to, to see by whom.</p>
    <p>${signIns(issuers)}</p>
  </section>
  <section id="mine" hidden>
    <p class="who">You are signed in as <strong id="address"></strong>. <button class="link" id="sign-out">Sign out</button></p>
    <div id="list"></div>
    <p id="none" hidden>There is no open invitation for this address. If the letter came to another one, sign out, and sign in with that.</p>
    <p><button class="link" id="others" hidden>All invitations to this address</button></p>
  </section>
  <section id="failed" hidden>
    <p>That did not work. <button class="link" id="again">Try again</button></p>
  </section>
</main>
<template id="invitation"><article>
  <h2 class="company"></h2>
  <p class="says"></p>
  <blockquote class="note"></blockquote>
  <p class="until"></p>
  <div class="buttons"><button class="accept">Accept</button><button class="decline">Decline</button></div>
  <p class="told" role="status"></p>
</article></template>
<script nonce="${nonce}">${INVITATION_SCRIPT}</script>
</html>
`;

/** Where there are several, they are told apart by their names. */
function signIns(issuers: readonly string[]): string {
  if (issuers.length === 0) return 'One cannot sign in in a browser here: accept in your app.';
  const only = issuers.length === 1;
  return issuers
    .map((name) => {
      const words = only ? 'Sign in' : `Sign in by ${escapeHtml(name)}`;
      return `<a class="sign-in" href="/auth/login?issuer=${encodeURIComponent(name)}&amp;return=${INVITATION_PATH}">${words}</a>`;
    })
    .join('\n    ');
}

/** The page behind the link of an invitation; the same for every secret, which it is not even sent. */
export const invitationPage =
  (issuers: readonly string[]): Handle =>
  (_request, response) => {
    const nonce = randomBytes(16).toString('base64');
    response
      .writeHead(200, {
        ...PAGE_HEADERS,
        'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      })
      .end(page(nonce, issuers));
  };
