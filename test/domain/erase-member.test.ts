import { beforeEach, expect, it } from '@jest/globals';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import { eraseMember } from '../../src/domain/erase-member.js';
import { inviteMembers, revokeInvitation } from '../../src/domain/invitations.js';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { acceptInvitation, declineInvitation } from '../../src/domain/own-invitations.js';
import { Refusals } from '../../src/domain/refusals.js';
import { identifyBySso } from '../../src/domain/sso-sign-in.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { updateMember } from '../../src/domain/update-member.js';
import { verifyAudit } from '../../src/domain/verify-audit.js';
import { AuditEntry } from '../../src/entities/audit-entry.js';
import { Event, HistoryEntry } from '../../src/entities/event.js';
import { Invitation } from '../../src/entities/invitation.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { findRows, insertRows, listRows } from '../../src/entities/rows.js';
import { SsoDomain, SsoIdentity, SsoProvider } from '../../src/entities/single-sign-on.js';
import { User } from '../../src/entities/user.js';
import { newId } from '../../src/schema/ids.js';
import { withOwnParts } from '../harness/own-parts.js';
import { type Person, World } from '../harness/world.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
let leaver: Person;
let stayer: Person;
beforeEach(async () => {
  world = await World.found(parts, null);
  [leaver, stayer] = [await world.member(), await world.member()];
  const words = { displayName: 'Our dear Eve', title: 'Head of leaving' };
  await updateMember(parts, world.admin.viewer, leaver.member.id, words);
  await beRefused();
  await deactivateMember(parts, world.admin.viewer, leaver.member.id);
});

const ORIGIN = { address: '192.0.2.7', userAgent: 'A browser' };

/** Each is refused something, at an address of their own. */
async function beRefused(): Promise<void> {
  const refusals = new Refusals(new AuditWriter(parts));
  for (const [i, { viewer }] of [leaver, stayer].entries())
    refusals.note(viewer, { ...ORIGIN, address: `192.0.2.${7 + i}` }, 'apiKeys', 'ROLE_REQUIRED');
  refusals.close();
  await refusals.writer.close();
}

/** Does something before the next statement of this kind, which waits for it. Ends when it is done. */
function beforeRead(kind: RegExp, act: () => Promise<void>): Promise<void> {
  type Client = { executeQuery(query: { sql: string }): Promise<unknown> };
  const client = parts.orm.em.getConnection().getClient() as unknown as Client;
  const execute = client.executeQuery;
  return new Promise((resolve, reject) => {
    client.executeQuery = async (query) => {
      if (!kind.test(query.sql)) return execute.call(client, query);
      client.executeQuery = execute;
      await act().then(resolve, reject);
      return execute.call(client, query);
    };
  });
}

const em = () => forkFor(parts.orm, { companyId: world.companyId });
const entries = () => listRows(em(), AuditEntry, true, { orderBy: [['number', 'ASC']] });
const erase = (id = leaver.member.id, companyId = world.companyId) => eraseMember(parts, companyId, id);
const memberRow = async (id = leaver.member.id) => await em().findOneOrFail(Member, { id }, { populate: ['user'] });

it('what leads to who somebody was is gone from the company, and its audit log is sound', async () => {
  expect(await erase()).toBe(1);
  const { displayName, title, user, erasedAt } = await memberRow();
  expect([displayName, title, user.getEntity().name]).toEqual([null, null, 'Former member']);
  expect(erasedAt).toBeInstanceOf(Date);
  const kept = await Promise.all([entries(), listRows(em(), Event, true), listRows(em(), HistoryEntry, true)]);
  const members = await em().find(Member, {}, { populate: ['user'] });
  for (const trace of [leaver.email, leaver.viewer.userId, 'Our dear Eve', 'Head of leaving', '192.0.2.7'])
    expect(JSON.stringify([kept, members])).not.toContain(trace);
  const own = kept[0].filter(({ actorId }) => actorId === leaver.member.id);
  expect(own.map((entry) => [entry.address, entry.userAgent, entry.originSalt])).toEqual([[null, null, null]]);
  expect(await verifyAudit(parts, world.companyId)).toMatchObject({ isSound: true });
  const by = { objectId: leaver.member.id, entryPoint: 'OPERATOR' };
  expect(kept[0].slice(-2)).toMatchObject([
    { ...by, action: 'member.erased' },
    { ...by, action: 'audit.erased', details: '{"entries":1}' },
  ]);
});

it('what was emptied is told, some at a time, also when two do it at once or it ended half-way', async () => {
  const by = { actorId: leaver.member.id, entryPoint: 'MEMBER' };
  const writer = new AuditWriter(parts);
  for (let i = 0; i < 600; i += 1) writer.add(world.companyId, { action: 'member.entered', by, from: ORIGIN });
  await writer.close();
  const counts = await Promise.all([erase(), erase()]);
  expect(counts[0] + counts[1]).toBe(601);
  // Of a request that was under way when they were deactivated, and written later.
  writer.add(world.companyId, { action: 'member.entered', by, from: ORIGIN });
  await writer.close();
  expect(await erase()).toBe(1);
  const told = (await entries()).filter(({ action }) => action === 'audit.erased');
  expect(told.every(({ objectId, entryPoint }) => objectId === leaver.member.id && entryPoint === 'OPERATOR')).toBe(
    true,
  );
  const sizes = told.map(({ details }) => JSON.parse(details).entries);
  expect([Math.max(...sizes), sizes.reduce((sum, size) => sum + size)]).toEqual([500, 602]);
  expect(await verifyAudit(parts, world.companyId)).toMatchObject({ isSound: true });
});

it('nor does their subject at the company’s own issuer, and the log tells readers that their words are others', async () => {
  const rows = em();
  const { companyId } = world;
  const provider = { id: newId('provider') };
  rows.create(SsoProvider, { companyId, ...provider, issuer: 'https://issuer.example.com' });
  await rows.flush();
  const identities = [leaver, stayer].map(({ member: { id } }) => {
    return { companyId, provider, subject: `subject of ${id}`, member: { id }, createdAt: new Date() };
  });
  await insertRows(rows, SsoIdentity, identities);
  await erase();
  const kept = await findRows(em(), SsoIdentity, { provider: provider.id });
  expect(kept.map(({ member }) => member.id)).toEqual([stayer.member.id]);
  const told = (await listRows(em(), Event, true)).find(({ type }) => type === 'member.erased');
  expect(told).toMatchObject({ objectId: leaver.member.id, data: { profile: ['name', 'email'] } });
});

it('nor does a subject that comes in at that issuer for the first time while they are forgotten', async () => {
  const rows = em();
  const { companyId } = world;
  const domain = `${newId('domain').slice(-10)}.example`;
  const providerId = newId('provider');
  rows.create(SsoProvider, { companyId, id: providerId, issuer: 'https://issuer.example.com' });
  rows.create(SsoDomain, { companyId, domain, challenge: 'A word', provenDomain: domain });
  await rows.flush();
  const eve = await world.member({ email: `eve@${domain}` });
  const said = { name: null, identityProvider: null, issuedAt: new Date(), expiresAt: new Date() };
  const identity = { ...said, issuer: 'https://issuer.example.com', subject: 'eve', verifiedEmail: eve.email };
  const meanwhile = beforeRead(/^select id, email from users/, async () => {
    await deactivateMember(parts, world.admin.viewer, eve.member.id);
    await erase(eve.member.id);
  });
  await expect(identifyBySso(parts, { companyId, providerId }, identity)).rejects.toMatchObject({
    reason: 'NOT_IN_DIRECTORY',
  });
  await meanwhile;
  expect(await findRows(em(), SsoIdentity, { member: eve.member.id })).toEqual([]);
  expect((await entries()).map(({ action }) => action)).not.toContain('sso.linked');
});

it('of others everything stays', async () => {
  const before = (await entries()).filter(({ actorId }) => actorId === stayer.member.id);
  await erase();
  expect((await entries()).filter(({ actorId }) => actorId === stayer.member.id)).toEqual(before);
  expect((await memberRow(stayer.member.id)).user.getEntity().email).toBe(stayer.email);
});

it('an entry that was emptied is still covered by the chain', async () => {
  await erase();
  const [own] = (await entries()).filter(({ actorId }) => actorId === leaver.member.id);
  await em().nativeUpdate(AuditEntry, { number: own?.number ?? 0 }, { action: 'nothing' });
  expect(await verifyAudit(parts, world.companyId)).toMatchObject({ isSound: false, number: own?.number });
});

it('done twice it finds no more', async () => {
  await erase();
  const { length } = await entries();
  expect(await erase()).toBe(0);
  expect(await entries()).toHaveLength(length);
});

it('the person keeps their account, is not let in again as who they were, and may be invited anew', async () => {
  await erase();
  expect(await parts.orm.em.fork().findOne(User, { id: leaver.viewer.userId })).toMatchObject({ email: leaver.email });
  const { id } = leaver.member;
  for (const remembering of [
    reactivateMember(parts, world.admin.viewer, id),
    updateMember(parts, world.admin.viewer, id, { displayName: 'Our dear Eve' }),
  ])
    await expect(remembering).rejects.toMatchObject({ code: 'MEMBER_ERASED' });
  const again = await world.member({ email: leaver.email });
  expect(again.viewer).toMatchObject({ userId: leaver.viewer.userId });
  expect(again.member.id).not.toBe(leaver.member.id);
});

it('nor do invitations that are over tell the address', async () => {
  const invited = await world.invite('eve@example.com');
  await revokeInvitation(parts, world.admin.viewer, invited.id);
  const eve = await world.member({ email: 'eve@example.com' });
  await deactivateMember(parts, world.admin.viewer, eve.member.id);
  await erase(eve.member.id);
  expect(JSON.stringify(await listRows(em(), Invitation, true))).not.toContain('eve@example.com');
});

it('nor does the invitation that they accepted when they had another address, or what it said', async () => {
  const offer = { emails: ['eve@example.org'], kind: 'INTERNAL', role: 'MEMBER', note: 'Dear Eve' } as const;
  const { result } = await inviteMembers(parts, world.admin.viewer, offer, 'https://work.example.com');
  const invitationId = result.invitations[0]?.id;
  const elsewhere = await World.found(parts, null);
  const { userId } = (await elsewhere.member({ email: 'eve@example.org' })).viewer;
  const { memberId } = await acceptInvitation(parts, userId, { invitationId });
  await parts.orm.em.fork().nativeUpdate(User, { id: userId }, { email: 'eva@example.org' });
  await deactivateMember(parts, world.admin.viewer, memberId);
  await erase(memberId);
  const kept = JSON.stringify(await listRows(em(), Invitation, true));
  for (const trace of ['eve@example.org', 'Dear Eve']) expect(kept).not.toContain(trace);
});

it('nor does what they were offered since, nor from where they turned it down', async () => {
  const { userId } = leaver.viewer;
  const declined = await world.invite(leaver.email);
  await declineInvitation({ ...parts, origin: ORIGIN }, userId, { invitationId: declined.id });
  const open = await world.invite(leaver.email);
  expect(await erase()).toBe(2);
  const [invitations, log] = [await listRows(em(), Invitation, true), await entries()];
  expect(invitations.find(({ id }) => id === open.id)).toMatchObject({ status: 'REVOKED', openEmail: null });
  for (const kept of [invitations, log]) expect(JSON.stringify(kept)).not.toContain(leaver.email);
  expect(JSON.stringify(log)).not.toContain(ORIGIN.address);
  expect(log.at(-1)).toMatchObject({ action: 'audit.erased', objectId: declined.id });
  expect(await verifyAudit(parts, world.companyId)).toMatchObject({ isSound: true });
  expect(await erase()).toBe(0);
});

it('who is a member still, nobody and the members of others are not erased', async () => {
  await expect(erase(stayer.member.id)).rejects.toMatchObject({ code: 'STILL_A_MEMBER' });
  await expect(erase('member_01h455vb4pex5vsknk084sn02q')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { companyId } = await World.found(parts, null);
  await expect(erase(leaver.member.id, companyId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await memberRow()).user.getEntity().email).toBe(leaver.email);
});
