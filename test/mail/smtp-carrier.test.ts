import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config.js';
import type { Carrier } from '../../src/mail/carrier.js';
import type { Letter } from '../../src/mail/letter.js';
import { createSmtpCarrier } from '../../src/mail/smtp-carrier.js';
import { type Authority, createAuthority, type IssuedPair, trust } from '../harness/certificates.js';
import { MailServer } from '../harness/mail-server.js';

const LETTER: Letter = {
  kind: 'test',
  to: 'ada@example.com',
  subject: 'Žluťoučký kůň – hello',
  text: 'Good day, Ada.\n.\nA dot alone ends nothing.',
  html: '<p>Good day, <b>Ada</b>.</p>',
  headers: { 'List-Unsubscribe': '<https://example.com/u>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
};
const ID = 'letter_01hzzzzzzzzzzzzzzzzzzzzzzz';

let authority: Authority;
let pair: IssuedPair;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  authority = await createAuthority();
  trust(authority);
  pair = await authority.issue();
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function serve(...options: Parameters<typeof MailServer.start> extends [unknown, ...infer R] ? R : never) {
  const server = await MailServer.start(pair, ...options);
  stops.push(() => server.stop());
  return server;
}

/** As the configuration makes it. */
function carrierTo(url: string, env: NodeJS.ProcessEnv = {}): Carrier {
  const from = 'Example, Inc. <work@example.com>';
  const { mail } = readConfig({ SECRET_KEY: 'k'.repeat(32), MAIL_URL: url, MAIL_FROM: from, ...env });
  if (!mail?.server) throw new Error('There is no server.');
  const carrier = createSmtpCarrier(mail.server, mail.from);
  stops.unshift(() => carrier.close());
  return carrier;
}

it('a letter goes over TLS, after a login, as text and HTML, to its address and nobody else', async () => {
  const server = await serve();
  await carrierTo(server.url).carry(LETTER, ID);
  const [{ to, from, mail, raw, isEncrypted } = fail()] = server.received;
  expect({ to, from, isEncrypted, logins: server.logins }).toEqual({
    to: ['ada@example.com'],
    from: 'work@example.com',
    isEncrypted: true,
    logins: [MailServer.USER],
  });
  expect(mail).toMatchObject({
    subject: LETTER.subject,
    from: { name: 'Example, Inc.', address: 'work@example.com' },
    to: [{ address: 'ada@example.com' }],
    messageId: `<${ID}@example.com>`,
  });
  expect(mail.text?.trim()).toBe(LETTER.text);
  expect(mail.html?.trim()).toBe(LETTER.html);
  const headers = new Map(mail.headers.map(({ key, value }) => [key, value]));
  expect(headers.get('list-unsubscribe')).toBe('<https://example.com/u>');
  expect(headers.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
  expect(headers.get('auto-submitted')).toBe('auto-generated');
  expect(raw).not.toContain(MailServer.PASSWORD);
});

it('by STARTTLS as well; in production nothing is said in the clear to a server that does not offer it', async () => {
  const encrypted = await serve({ secure: false });
  await carrierTo(encrypted.url).carry(LETTER, ID);
  expect(encrypted.received).toMatchObject([{ isEncrypted: true }]);

  const plain = await serve({
    secure: false,
    hideSTARTTLS: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
  });
  const { server, from } = readConfig({ SECRET_KEY: 'k'.repeat(32), MAIL_URL: plain.url, MAIL_FROM: 'a@example.com' })
    .mail as never as { server: never; from: never };
  expect(server).toMatchObject({ requiresTls: false });
  const strict = createSmtpCarrier({ ...(server as object), requiresTls: true } as never, from);
  stops.unshift(() => strict.close());
  await expect(strict.carry(LETTER, ID)).rejects.toMatchObject({ kind: 'AWAY', code: expect.stringContaining('ETLS') });
  expect([plain.received, plain.logins]).toEqual([[], []]);
});

it('a server whose certificate nobody vouches for gets no letter and no password', async () => {
  const stranger = await MailServer.start(await (await createAuthority()).issue());
  stops.push(() => stranger.stop());
  await expect(carrierTo(stranger.url).carry(LETTER, ID)).rejects.toMatchObject({ kind: 'AWAY' });
  expect([stranger.received, stranger.logins]).toEqual([[], []]);
});

it('tells what is refused for good from what is for now and from what is not about the letter, without its address', async () => {
  const server = await serve();
  const carrier = carrierTo(server.url);
  server.verdict = () => 550;
  await expect(carrier.carry(LETTER, ID)).rejects.toMatchObject({ kind: 'REFUSED', code: 'EENVELOPE 550 RCPT TO' });
  server.verdict = () => 451;
  const later = await carrier.carry(LETTER, ID).catch((error: unknown) => error);
  expect(later).toMatchObject({ kind: 'LATER', code: 'EENVELOPE 451 RCPT TO' });
  expect(JSON.stringify(later) + String(later)).not.toContain('ada@');
  const stranger = carrierTo(server.url.replace(/:[^:@]*@/, ':wrong@'));
  await expect(stranger.carry(LETTER, ID)).rejects.toMatchObject({ kind: 'AWAY', code: 'EAUTH 535 AUTH PLAIN' });
  await expect(carrierTo('smtps://127.0.0.1:1').carry(LETTER, ID)).rejects.toMatchObject({ kind: 'AWAY' });
});

function fail(): never {
  throw new Error('Nothing was received.');
}
