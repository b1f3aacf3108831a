import { randomBytes } from 'node:crypto';
import { SCRIPT } from './follow-page-script.js';
import { STYLE } from './follow-page-style.js';
import type { Handle } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

const page = (nonce: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Following</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<p id="gone" hidden>There is nothing to see at this address.</p>
<form id="door" hidden>
  <p>There is nothing to see at this address without a password. If you were given one, show it here.</p>
  <label>Password <input id="password" type="password" required maxlength="256" autocomplete="off"></label>
  <p role="alert"></p>
  <button>Open</button>
</form>
<form id="invited" hidden>
  <p>You were invited to follow something as it goes on. Do you want to?</p>
  <p role="alert"></p>
  <button>Follow</button>
</form>
<main id="face" hidden>
  <header><span id="name-of-it"></span><span id="live" role="status">Connecting…</span></header>
  <h1 id="title"></h1>
  <progress id="progress" max="100" aria-label="Progress"></progress>
  <dl>
    <div><dt>Status</dt><dd id="status"></dd></div>
    <div><dt>Progress</dt><dd id="percent"></dd></div>
    <div data-of-task><dt>Priority</dt><dd id="priority"></dd></div>
    <div data-of-task><dt>Starts</dt><dd id="start"></dd></div>
    <div data-of-task><dt>Due</dt><dd id="due"></dd></div>
  </dl>
  <ol id="comments" data-of-task aria-label="Comments" aria-live="polite"></ol>
  <form id="write" hidden>
    <label>Your name, as everybody who sees this is shown it
      <input id="name" required maxlength="80" autocomplete="name"></label>
    <label>Comment <textarea id="body" required maxlength="20000"></textarea></label>
    <p role="alert"></p>
    <button>Send</button>
  </form>
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</html>
`;

/** The page behind a follow link; the same for every secret, so that it tells nothing about which ones exist. */
export const followPage: Handle = (_request, response) => {
  const nonce = randomBytes(16).toString('base64');
  response
    .writeHead(200, {
      ...PAGE_HEADERS,
      'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    })
    .end(page(nonce));
};
