import { ACCEPT_INVITATION, DECLINE_INVITATION, MY_INVITATIONS } from './invitation-documents.js';

/**
 * What the browser runs at `/invitation/`. The letter's secret comes behind the `#`, which goes to no server; it is taken out
 * of the address, so that it does not stay in the history, and kept for this window while its person signs in.
 */
export const INVITATION_SCRIPT = `
  const KEPT = 'aliteo-invitation';
  const $ = (id) => document.getElementById(id);
  const part = (id) => $(id).content.cloneNode(true);
  const AS = { ADMIN: 'an administrator', SUPERVISOR: 'a supervisor', MEMBER: 'a member' };
  const as = ({ kind, role }) => (kind === 'EXTERNAL' ? 'an external member' : AS[role]);

  if (location.hash.length > 1) {
    sessionStorage.setItem(KEPT, location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }

  async function ask(query, variables, key) {
    const headers = { 'content-type': 'application/json' };
    if (key) headers['idempotency-key'] = key;
    const body = JSON.stringify({ query, variables });
    const response = await fetch('/graphql', { method: 'POST', headers, body });
    const answer = await response.json();
    const code = answer.errors && answer.errors[0].extensions.code;
    return { data: answer.data, code };
  }

  function only(id) {
    for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id;
  }

  function fail() {
    only('failed');
  }

  async function read() {
    const secret = sessionStorage.getItem(KEPT);
    const { data, code } = await ask(${JSON.stringify(MY_INVITATIONS)}, { secret });
    if (code === 'UNAUTHENTICATED') return only('sign-in');
    if (code) return fail();
    $('address').textContent = data.viewer.user.email;
    $('others').hidden = !secret;
    $('list').replaceChildren(...data.myInvitations.map(article));
    $('none').hidden = data.myInvitations.length > 0;
    only('mine');
  }

  function article(invitation) {
    const item = part('invitation');
    const set = (name, text) => { item.querySelector('.' + name).textContent = text; };
    set('company', invitation.company);
    set('says', invitation.invitedBy + ' invites you to become ' + as(invitation) + '.');
    set('note', invitation.note);
    item.querySelector('.note').hidden = !invitation.note;
    set('until', 'Good until ' + new Date(invitation.expiresAt).toLocaleString([], { dateStyle: 'long', timeStyle: 'short' }) + '.');
    const root = item.querySelector('article');
    const said = 'You are ' + as(invitation) + ' of ' + invitation.company + ' now.';
    const answers = [
      ['accept', ${JSON.stringify(ACCEPT_INVITATION)}, 'acceptInvitation', said],
      ['decline', ${JSON.stringify(DECLINE_INVITATION)}, 'declineInvitation', 'You have declined.'],
    ];
    for (const [name, document, field, done] of answers) {
      // Pressed again after the network has failed, it is still done once.
      const key = crypto.randomUUID();
      item.querySelector('.' + name).onclick = () => answer(root, { document, field, done, key, id: invitation.id });
    }
    return item;
  }

  async function answer(root, { document, field, done, key, id }) {
    const buttons = root.querySelectorAll('button');
    const tell = (text) => { root.querySelector('.told').textContent = text; };
    for (const button of buttons) button.disabled = true;
    try {
      const { data, code } = await ask(document, { id }, key);
      if (code === 'UNAUTHENTICATED') return only('sign-in');
      if (code === 'NOT_FOUND') return over('This invitation is not open any more.');
      if (code) throw new Error(code);
      const [refusal] = data[field].userErrors;
      over(refusal ? refusal.message : done);
    } catch {
      for (const button of buttons) button.disabled = false;
      tell('That did not work: try again in a moment.');
    }
    function over(text) {
      sessionStorage.removeItem(KEPT);
      root.querySelector('.buttons').remove();
      tell(text);
    }
  }

  $('others').onclick = () => {
    sessionStorage.removeItem(KEPT);
    read().catch(fail);
  };
  $('again').onclick = () => location.reload();
  $('sign-out').onclick = async () => {
    const response = await fetch('/auth/logout', { method: 'POST', headers: { accept: 'application/json' } });
    if (response.ok) location.assign((await response.json()).location);
    else fail();
  };
  window.onhashchange = () => location.reload();

  read().catch(fail);
`;
