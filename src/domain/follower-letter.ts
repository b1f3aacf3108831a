import { html, type Letter, oneLine } from '../mail/letter.js';

export interface FollowerLetter {
  to: string;
  company: string;
  /** Of what they may follow; a part of its public face. */
  title: string;
  /** With a secret of their own in it. */
  pageUrl: string;
  unsubscribeUrl: string;
  /** Until when it can be confirmed. */
  until: Date;
  /** Whether they follow already, and have asked for another letter. */
  isConfirmed: boolean;
}

/** The letter to somebody who may follow. One click unsubscribes, also in the reader's mail program (RFC 8058). */
export function followerLetter(given: FollowerLetter): Letter {
  const { to, pageUrl, unsubscribeUrl, until, isConfirmed } = given;
  const [company, title] = [oneLine(given.company), oneLine(given.title)];
  const day = until.toISOString().slice(0, 10);
  const first = `${company} lets you follow "${title}" as it goes on.`;
  const toDo = isConfirmed ? 'This is your page:' : `To follow it, open this page and say so, until ${day}:`;
  const care = 'The page is for you alone: whoever has its address follows in your place.';
  const out = 'If you do not want letters about this, unsubscribe here:';
  return {
    kind: 'follow',
    to,
    subject: `${company}: ${title}`,
    text: `${first}\n\n${toDo}\n${pageUrl}\n\n${care}\n\n${out}\n${unsubscribeUrl}\n`,
    html: html`<p>${first}</p><p>${toDo}<br><a href="${pageUrl}">${pageUrl}</a></p><p>${care}</p><p>${out}<br><a href="${unsubscribeUrl}">${unsubscribeUrl}</a></p>`,
    headers: {
      'List-Unsubscribe': `<${unsubscribeUrl}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
  };
}
