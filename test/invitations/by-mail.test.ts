import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/schema/ids.js';
import { createAuthority, type IssuedPair } from '../harness/certificates.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { MailServer } from '../harness/mail-server.js';
import { readMetric } from '../harness/metrics.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const INVITE = `mutation ($emails: [String!]!) { inviteMembers(input: { emails: $emails }) {
  invitations { id } userErrors { code } } }`;
const ACCEPT = `mutation ($secret: String!) { acceptInvitation(input: { secret: $secret }) {
  membership { memberId } userErrors { code } } }`;

let pair: IssuedPair;
let mail: MailServer;
let cluster: Cluster;
let world: World;
beforeAll(async () => {
  const authority = await createAuthority();
  pair = await authority.issue();
  mail = await MailServer.start(pair);
  const ca = join(mkdtempSync(join(tmpdir(), 'aliteo-mail-')), 'ca.pem');
  writeFileSync(ca, authority.ca);
  cluster = await startCluster({
    MAIL_URL: mail.url,
    MAIL_FROM: 'Example, Inc. <work@example.com>',
    NODE_EXTRA_CA_CERTS: ca,
    LOG_LEVEL: 'debug',
  });
  world = await World.found(cluster.parts, cluster.issuer, 'Company\u202e of "Ada" <x@example.com>');
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await mail?.stop();
});

const fresh = () => `${newId('task').slice(-12)}@example.com`;
const output = () => cluster.nodes.map((node) => node.output()).join();

it('an invitation goes through the server, and its secret and address into no log', async () => {
  const email = fresh();
  await get(cluster.first, world.admin.caller, INVITE, { emails: [email] });
  await until(() => mail.to(email).length > 0, 'the letter');
  const [{ mail: letter, isEncrypted } = mail.received[0] as never] = mail.to(email);
  expect(letter).toMatchObject({
    from: { name: 'Example, Inc.', address: 'work@example.com' },
    to: [{ address: email }],
    subject: expect.stringContaining('invites you to Company of "Ada" <x@example.com>'),
  });
  expect([isEncrypted, letter.cc, letter.bcc]).toEqual([true, undefined, undefined]);
  const secret = /\/invitation\/#([\w-]{43})/.exec(letter.text ?? '')?.[1] ?? '';
  expect(letter.html).toContain(secret);
  const authorization = `Bearer ${await cluster.issuer.token(email)}`;
  const { acceptInvitation } = await get(cluster.last, { authorization }, ACCEPT, { secret });
  expect(acceptInvitation).toEqual({ membership: { memberId: expect.any(String) }, userErrors: [] });
  for (const told of [secret, email, MailServer.PASSWORD, encodeURIComponent(MailServer.PASSWORD)])
    expect(output()).not.toContain(told);
});

it('while the server is away people are invited all the same, and get their letters, each once, when it is back', async () => {
  const { port } = mail;
  await mail.stop();
  const emails = Array.from({ length: 6 }, fresh);
  const { inviteMembers } = await get(cluster.last, world.admin.caller, INVITE, { emails });
  expect([inviteMembers.invitations.length, inviteMembers.userErrors]).toEqual([6, []]);
  await until(() => /a letter was not taken/.test(output()), 'an attempt');
  mail = await MailServer.start(pair, { secure: true }, port);
  // Whatever was tried is due later: as if that time had passed.
  const { orm } = cluster.parts;
  await until(
    async () => {
      await orm.em.getConnection().execute('update letters set due_at = created_at where attempts > 0');
      return emails.every((email) => mail.to(email).length > 0);
    },
    'the letters',
    30_000,
  );
  await until(async () => (await readMetric(cluster.first, 'aliteo_letters_waiting')) === 0, 'an empty box', 20_000);
  for (const email of emails) expect(output()).not.toContain(email);
}, 60_000);

it('an address that the server refuses is given up, and the log says so by ids', async () => {
  const email = fresh();
  mail.verdict = (address) => (address === email ? 550 : undefined);
  const { inviteMembers } = await get(cluster.first, world.admin.caller, INVITE, { emails: [email] });
  expect(inviteMembers.userErrors).toEqual([]);
  await until(() => /a letter was given up/.test(output()), 'the end of it', 20_000);
  const counts = await Promise.all(cluster.nodes.map((node) => readMetric(node, 'aliteo_letters_given_up_total')));
  expect(counts.reduce((sum, count) => sum + count)).toBe(1);
  expect(output()).toContain('EENVELOPE 550 RCPT TO');
  expect(output()).not.toContain(email);
});

it('there is no page of letters where they are sent', async () => {
  expect((await fetch(`${cluster.first.url}/dev-mail`)).status).toBe(404);
});

it('a company invites so many a day, resent ones counted, and is told when it begins anew', async () => {
  const other = await World.found(cluster.parts, cluster.issuer);
  const em = cluster.parts.orm.em.getConnection();
  const day = new Date().toISOString().slice(0, 10);
  await em.execute('insert into letter_counts (company_id, day, number) values (?, ?, ?)', [other.companyId, day, 498]);
  const { data } = await ask(cluster.first, other.admin.caller, INVITE, { emails: [fresh()] });
  const [{ id }] = data.inviteMembers.invitations;
  const resend = `mutation { resendInvitation(input: { invitationId: "${id}" }) { userErrors { code message } } }`;
  expect((await get(cluster.last, other.admin.caller, resend)).resendInvitation.userErrors).toEqual([]);
  const [refusal] = (await get(cluster.last, other.admin.caller, resend)).resendInvitation.userErrors;
  expect(refusal).toMatchObject({ code: 'TOO_MANY_LETTERS', message: expect.stringContaining('0 are left today') });
  const { inviteMembers } = await get(cluster.first, other.admin.caller, INVITE, { emails: [fresh()] });
  expect(inviteMembers).toEqual({ invitations: null, userErrors: [{ code: 'TOO_MANY_LETTERS' }] });
});
