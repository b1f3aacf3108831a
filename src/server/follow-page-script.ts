import { ADD_COMMENT, FOLLOWED, FOLLOWED_CHANGED } from './follow-documents.js';

/**
 * The way in: the link's secret, taken from the address, is given at the door for a token; a way back to a fresh one is kept
 * as long as the tab is open. A link that asks for a password shows the same page as one that leads nowhere. Who was invited
 * by a letter comes in by what is in its link, after they have said so once, by a button.
 */
const DOOR = `
  const INVITATION = '/f/invitation/';
  const isInvited = location.pathname.startsWith(INVITATION);
  const link = location.pathname.slice((isInvited ? INVITATION : '/f/').length);
  const KEY = 'aliteo-follow';
  let token = null;
  let refreshing;

  function kept() {
    try {
      const { of, renewal } = JSON.parse(sessionStorage.getItem(KEY));
      return of === link ? renewal : null;
    } catch {
      return null;
    }
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** What the door answers; it is asked again while it is busy, unless somebody waits at a button. */
  async function knock(shown) {
    for (;;) {
      const response = await fetch('/follow/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(shown),
      }).catch(() => null);
      const isBusy = !response || response.status === 429 || response.status >= 500;
      if (response && response.ok) return response.json();
      if (!isBusy) return null;
      const seconds = Number(response && response.headers.get('retry-after')) || 5;
      if (shown.password !== undefined || shown.confirm) throw new Error('Too many tries. Try again in ' + seconds + ' seconds.');
      await pause(seconds * 1000 * (1 + Math.random()));
    }
  }

  /** By the letter, by the way back that is kept, or by the link. */
  async function showUp(more) {
    if (isInvited) return knock({ renewal: link, ...more });
    const renewal = kept();
    return (renewal && (await knock({ renewal }))) || knock({ secret: link, ...more });
  }

  async function enter(more) {
    const admitted = await showUp(more);
    if (!admitted) sessionStorage.removeItem(KEY);
    token = admitted && admitted.token;
    if (!admitted) return false;
    if (admitted.renewal) sessionStorage.setItem(KEY, JSON.stringify({ of: link, renewal: admitted.renewal }));
    const left = new Date(admitted.expiresAt) - Date.now();
    clearTimeout(refreshing);
    // A token that is good for less ends with the follow: there is no fresh one.
    if (left > 120000) refreshing = setTimeout(refresh, left - 60000);
    return true;
  }

  async function refresh() {
    if (await enter()) send({ type: 'ping', payload: { follow: token } });
  }
`;

/** What it shows: the public face of a task, with whoever has written there, or of a project. */
const VIEW = `
  const $ = (id) => document.getElementById(id);
  const words = (code) => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
  const day = (date) => (date ? new Date(date + 'T12:00').toLocaleDateString() : '–');

  /** Of neither, that there is nothing. */
  function show({ task, project }) {
    const face = task || project;
    $('gone').hidden = Boolean(face);
    $('door').hidden = true;
    $('invited').hidden = true;
    $('face').hidden = !face;
    if (!face) return;
    const name = task ? '#' + task.number : project.key;
    const title = task ? task.title : project.name;
    document.title = name + ' ' + title;
    $('name-of-it').textContent = name;
    $('title').textContent = title;
    $('status').textContent = words(face.publicStatus);
    $('progress').value = face.progressPercent;
    $('percent').textContent = face.progressPercent + ' %';
    for (const part of document.querySelectorAll('[data-of-task]')) part.hidden = !task;
    if (!task) return;
    $('priority').textContent = words(task.priority);
    $('start').textContent = day(task.startOn);
    $('due').textContent = day(task.dueOn);
    $('comments').replaceChildren(...task.comments.nodes.map(commentItem));
  }

  const NOTHING = { task: null, project: null };

  function commentItem({ body, createdAt, followerName }) {
    const item = document.createElement('li');
    const line = document.createElement('p');
    if (followerName !== null) {
      const name = document.createElement('strong');
      const apart = document.createElement('bdi');
      apart.textContent = followerName;
      name.append(apart);
      line.append(name, ' · follower · ');
    }
    const time = document.createElement('time');
    time.dateTime = createdAt;
    time.textContent = new Date(createdAt).toLocaleString();
    line.append(time);
    item.append(line, body);
    return item;
  }

  /** The same whether the link leads nowhere or asks for a password. */
  function showDoor() {
    show(NOTHING);
    $('gone').hidden = true;
    $(isInvited ? 'invited' : 'door').hidden = false;
    if (!isInvited) $('password').focus();
  }
`;

/** What goes to and fro: the first look, what comes live, from the last cursor on after a break, and the form. */
const TRAFFIC = `
  let cursor = null;
  let attempt = 0;
  let socket = null;

  async function ask(query, variables, headers) {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Follow ' + token, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  }

  async function read() {
    const { data } = await ask(${JSON.stringify(FOLLOWED)});
    show(data ? data.followed : NOTHING);
    $('write').hidden = !(data && data.followed.canComment);
    return Boolean(data);
  }

  function send(message) {
    if (socket && socket.readyState === 1) socket.send(JSON.stringify(message));
  }

  function listen() {
    socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/graphql', 'graphql-transport-ws');
    socket.onopen = () => send({ type: 'connection_init', payload: { follow: token } });
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = ({ code }) => {
      live(false);
      if (code === 4410) return void enter().then((isIn) => (isIn ? listen() : show(NOTHING)));
      if ([4400, 4401, 4403].includes(code)) {
        clearTimeout(refreshing);
        return show(NOTHING);
      }
      setTimeout(listen, Math.min(30000, 500 * 2 ** attempt++) * (0.5 + Math.random()));
    };
  }

  function hear(message) {
    if (message.type === 'ping') send({ type: 'pong' });
    // Refused for now, or ended from there: it comes back after a pause.
    if (message.type === 'error' || message.type === 'complete') socket.close();
    if (message.type === 'connection_ack') {
      const query = ${JSON.stringify(FOLLOWED_CHANGED)};
      send({ id: 'face', type: 'subscribe', payload: { query, variables: { after: cursor } } });
    }
    if (message.type !== 'next' || !message.payload.data) return;
    const change = message.payload.data.followedChanged;
    cursor = change.cursor;
    attempt = 0;
    live(true);
    if (change.kind === 'RESYNC') read();
    else if (change.kind !== 'READY' && change.kind !== 'HEARTBEAT') show(change);
  }

  function live(isOn) {
    $('live').toggleAttribute('data-on', isOn);
    $('live').textContent = isOn ? 'Live' : 'Connecting…';
  }

  const once = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-');
  /** What was sent last, and its key: sent once more after a break, it is written once. */
  let draft = { text: null, key: null };

  async function write() {
    const input = { name: $('name').value, body: $('body').value };
    const text = JSON.stringify(input);
    if (draft.text !== text) draft = { text, key: once() };
    const answer = await ask(${JSON.stringify(ADD_COMMENT)}, { input }, { 'idempotency-key': draft.key });
    const [fault] = answer.errors || answer.data.addFollowerComment.userErrors;
    if (fault) throw new Error(fault.message);
    draft = { text: null, key: null };
    $('body').value = '';
  }

  /** One try at a time, and what came of it beside the form. */
  function onSubmit(form, act) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const button = form.querySelector('button');
      const told = form.querySelector('[role=alert]');
      button.disabled = true;
      told.textContent = '';
      await act().catch((error) => {
        told.textContent = error instanceof TypeError ? 'The server cannot be reached. Try again.' : error.message;
      });
      button.disabled = false;
    });
  }
`;

const START = `
  const begin = async () => {
    if (!(await read())) return false;
    listen();
    return true;
  };

  onSubmit($('write'), write);
  onSubmit($('door'), async () => {
    const isIn = await enter({ password: $('password').value });
    $('password').value = '';
    if (!isIn) throw new Error('This does not open anything.');
    await begin();
  });

  onSubmit($('invited'), async () => {
    if (!(await enter({ confirm: true }))) throw new Error('This invitation does not open anything, or not any more.');
    await begin();
  });

  enter().then((isIn) => (isIn ? begin() : showDoor()));
`;

/** What the browser runs behind a follow link. All that it knows is sent to this server alone. */
export const SCRIPT = DOOR + VIEW + TRAFFIC + START;
