import type { MailSettings } from '../mail-settings.js';
import type { Letter } from './letter.js';

/**
 * A letter as nodemailer takes it. A letter that is sent twice, because we could not know that it had gone, has the same
 * Message-ID, by which mailboxes know it. Nobody's machine answers it with a holiday note (RFC 3834).
 */
export function messageOf({ to, subject, text, html, headers = {} }: Letter, id: string, from: MailSettings['from']) {
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    from,
    to: { name: '', address: to },
    // Whom it goes to is said once more, and not read from the header.
    envelope: { from: from.address, to: [to] },
    messageId: `<${id}@${domain}>`,
    subject,
    text,
    ...(html !== undefined && { html }),
    headers: [
      { key: 'Auto-Submitted', value: 'auto-generated' },
      ...Object.entries(headers).map(([key, value]) => ({ key, value })),
    ],
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
