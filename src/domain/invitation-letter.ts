import type { Invitation } from '../entities/invitation.js';
import { escapeHtml, html, type Letter, oneLine } from '../mail/letter.js';

/** Who offers it, and where it leads. */
export interface Letterhead {
  company: string;
  inviter: string;
  /** Where this server is reached. */
  publicUrl: string;
}

type Offer = Pick<Invitation, 'email' | 'kind' | 'role' | 'note' | 'expiresAt'>;

/**
 * What is sent to who is invited. The secret stands behind the `#` of the link, which browsers send to no server: so it comes
 * into no log, neither ours nor that of a proxy.
 */
export function invitationLetter(offer: Offer, secret: string, head: Letterhead): Letter {
  const { email, note } = offer;
  const [company, inviter] = [oneLine(head.company), oneLine(head.inviter)];
  const link = `${head.publicUrl}/invitation/#${secret}`;
  const says = `${inviter} invites you to become ${wordsFor(offer)} of ${company}.`;
  const how = `To accept or to decline, open the link and sign in with this address, ${email}:`;
  const until = `The invitation is good until ${dayOf(offer.expiresAt)}. If you do not know ${inviter}, do nothing, and nothing happens.`;
  return {
    kind: 'invitation',
    to: email,
    subject: `${inviter} invites you to ${company}`,
    text: [says, note && quoted(note), how, link, until].filter(Boolean).join('\n\n'),
    html: [
      '<!doctype html><html lang="en"><meta charset="utf-8"><body style="font: 16px/1.5 sans-serif; max-width: 36em">',
      html`<p>${says}</p>`,
      note && `<blockquote style="white-space: pre-wrap">${escapeHtml(note)}</blockquote>`,
      html`<p>${how}</p><p><a href="${link}">${link}</a></p><p>${until}</p></body></html>`,
    ].join('\n'),
  };
}

function wordsFor({ kind, role }: Offer): string {
  if (kind === 'EXTERNAL') return 'an external member';
  return { ADMIN: 'an administrator', SUPERVISOR: 'a supervisor', MEMBER: 'a member' }[role];
}

/** Marked as somebody's words: they are not ours. */
const quoted = (note: string): string =>
  note
    .split(/\r\n|[\r\n]/)
    .map((line) => `> ${line}`)
    .join('\n');

const dayOf = (time: Date): string =>
  `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(time)} UTC`;
