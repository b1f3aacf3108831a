import { randomBytes } from 'node:crypto';
import { FOLLOWED, FOLLOWED_CHANGED } from './follow-documents.js';
import type { Handle } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 4rem auto; padding: 0 1rem }
  header { display: flex; gap: .75rem; align-items: center; color: color-mix(in srgb, currentColor 65%, transparent) }
  h1 { margin: .25rem 0 1rem; line-height: 1.2 }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin: 0 0 2rem }
  dt { font-size: .8rem; color: color-mix(in srgb, currentColor 65%, transparent) }
  dd { margin: 0; font-weight: 600 }
  progress { width: 100%; height: .6rem }
  ol { list-style: none; padding: 0 }
  li { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: .75rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
  time { display: block; font-size: .8rem; color: color-mix(in srgb, currentColor 65%, transparent) }
  #live::before { content: '●'; margin-right: .35rem; color: #b45309 }
  #live[data-on]::before { color: #15803d }
`;

/**
 * What the browser runs: reads the public face once, then listens; after a break it goes on from the last cursor. The
 * secret is taken from the address and sent to this server alone.
 */
const SCRIPT = `
  const secret = location.pathname.slice('/f/'.length);
  const $ = (id) => document.getElementById(id);
  const words = (code) => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
  const day = (date) => (date ? new Date(date + 'T12:00').toLocaleDateString() : '–');
  let cursor = null;
  let attempt = 0;

  function show(task) {
    $('gone').hidden = Boolean(task);
    $('task').hidden = !task;
    if (!task) return;
    document.title = '#' + task.number + ' ' + task.title;
    $('number').textContent = '#' + task.number;
    $('title').textContent = task.title;
    $('status').textContent = words(task.publicStatus);
    $('priority').textContent = words(task.priority);
    $('start').textContent = day(task.startOn);
    $('due').textContent = day(task.dueOn);
    $('progress').value = task.progressPercent;
    $('comments').replaceChildren(...task.comments.nodes.map((comment) => {
      const item = document.createElement('li');
      const time = document.createElement('time');
      time.textContent = new Date(comment.createdAt).toLocaleString();
      item.append(time, comment.body);
      return item;
    }));
  }

  async function read() {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Follow ' + secret },
      body: JSON.stringify({ query: ${JSON.stringify(FOLLOWED)} }),
    });
    const answer = await response.json();
    show(answer.data ? answer.data.followed.task : null);
    return Boolean(answer.data);
  }

  function listen() {
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/graphql', 'graphql-transport-ws');
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: 'connection_init', payload: { follow: secret } });
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'ping') send({ type: 'pong' });
      if (message.type === 'connection_ack') {
        const query = ${JSON.stringify(FOLLOWED_CHANGED)};
        send({ id: 'face', type: 'subscribe', payload: { query, variables: { after: cursor } } });
      }
      if (message.type === 'next' && message.payload.data) {
        const change = message.payload.data.followedChanged;
        cursor = change.cursor;
        attempt = 0;
        $('live').toggleAttribute('data-on', true);
        $('live').textContent = 'Live';
        if (change.kind === 'RESYNC') read();
        else if (change.kind !== 'READY' && change.kind !== 'HEARTBEAT') show(change.task);
      }
    };
    socket.onclose = ({ code }) => {
      $('live').toggleAttribute('data-on', false);
      if ([4400, 4401, 4403, 4410].includes(code)) return show(null);
      $('live').textContent = 'Connecting…';
      setTimeout(listen, Math.min(30000, 500 * 2 ** attempt++) * (0.5 + Math.random()));
    };
  }

  read().then((found) => found && listen());
`;

const page = (nonce: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Following</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<p id="gone" hidden>There is nothing to see at this address.</p>
<main id="task" hidden>
  <header><span id="number"></span><span id="live">Connecting…</span></header>
  <h1 id="title"></h1>
  <progress id="progress" max="100" aria-label="Progress"></progress>
  <dl>
    <div><dt>Status</dt><dd id="status"></dd></div>
    <div><dt>Priority</dt><dd id="priority"></dd></div>
    <div><dt>Starts</dt><dd id="start"></dd></div>
    <div><dt>Due</dt><dd id="due"></dd></div>
  </dl>
  <ol id="comments"></ol>
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
