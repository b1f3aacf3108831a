import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inviteMembers } from '../../src/domain/invitations.js';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { updateMember } from '../../src/domain/update-member.js';
import { AuditEntry } from '../../src/entities/audit-entry.js';
import { Event, HistoryEntry } from '../../src/entities/event.js';
import { Invitation } from '../../src/entities/invitation.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { User } from '../../src/entities/user.js';
import { newId } from '../../src/schema/ids.js';
import { ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { lettersTo, secretIn } from '../harness/letters.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let admin: Person;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer, 'Fernholt & Sons');
  admin = world.admin;
}, 60_000);
afterAll(() => cluster?.stop());

const INVITE = `mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) {
  invitations { id email kind role status note createdAt expiresAt invitedBy { id } }
  alreadyMembers { id email } userErrors { field code } } }`;
const LIST = '{ invitations(first: 100) { nodes { id email status kind role invitedBy { id } } } }';
const MINE = `query ($secret: String) { myInvitations(secret: $secret) {
  id company invitedBy kind role note expiresAt } }`;
const ACCEPT = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
  membership { memberId role kind company { id name } } userErrors { code } } }`;
const DECLINE = `mutation ($input: DeclineInvitationInput!) { declineInvitation(input: $input) {
  invitation { id company } userErrors { code } } }`;
const RESEND = `mutation ($input: ResendInvitationInput!) { resendInvitation(input: $input) {
  invitation { id status expiresAt invitedBy { id } } userErrors { code } } }`;
const REVOKE = `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) {
  invitation { id status } userErrors { code } } }`;

const fresh = () => `${newId('task').slice(-12)}@example.com`;
const rows = (companyId = world.companyId) => forkFor(cluster.parts.orm, { companyId });
/** Somebody who signs in with this address, and names no company. */
const signedIn = async (email: string): Promise<Caller> => ({
  authorization: `Bearer ${await cluster.issuer.token(email)}`,
});
const invite = async (input: object, as: Person = admin) =>
  (await get(cluster.first, as.caller, INVITE, { input })).inviteMembers;
/** Invites one address; answers the invitation's id. */
async function inviteOne(email: string, terms: object = {}, as: Person = admin): Promise<string> {
  const { invitations, userErrors } = await invite({ emails: [email], ...terms }, as);
  expect(userErrors).toEqual([]);
  return invitations[0].id;
}
const accept = (who: Caller, input: object) => ask(cluster.last, who, ACCEPT, { input });
const statusOf = async (id: string) => (await rows().findOneOrFail(Invitation, { id }, { refresh: true })).status;
const secretsTo = async (email: string, count = 1) =>
  (await lettersTo(cluster.database.dataDir, email, count)).map(secretIn);
const isNotFound = ({ errors, data }: Awaited<ReturnType<typeof ask>>) =>
  expect([errors.map(({ extensions }) => extensions?.reason), Object.values(data ?? {})]).toEqual([
    ['NOT_VISIBLE_OR_ABSENT'],
    [],
  ]);

describe('an administrator invites', () => {
  it('by a letter that says who, where and as what, with a link for the address', async () => {
    const email = fresh();
    const note = 'Welcome <b>aboard</b>!\nSee you on Monday.';
    const input = { emails: [email.toUpperCase()], kind: 'EXTERNAL', note };
    const { invitations, alreadyMembers } = await invite(input);
    expect([invitations, alreadyMembers]).toMatchObject([
      [{ email, kind: 'EXTERNAL', role: 'MEMBER', status: 'PENDING', note, invitedBy: { id: admin.member.id } }],
      [],
    ]);
    const days = (Date.parse(invitations[0].expiresAt) - Date.parse(invitations[0].createdAt)) / 86_400_000;
    expect(days).toBeCloseTo(14, 3);
    const [letter] = await lettersTo(cluster.database.dataDir, email);
    expect(letter?.subject).toBe('Admin of Fernholt & Sons invites you to Fernholt & Sons');
    expect(letter?.text).toContain('invites you to become an external member of Fernholt & Sons.');
    expect(letter?.text).toContain('> Welcome <b>aboard</b>!\n> See you on Monday.');
    expect(letter?.text).toContain(`${cluster.first.url}/invitation/#`);
    expect(letter?.html).toContain('Fernholt &amp; Sons');
    expect(letter?.html).toContain('Welcome &lt;b&gt;aboard&lt;/b&gt;!');
    expect(letter?.html).not.toContain('<b>');
  });

  it('and is told the same of an address with an account and of one without', async () => {
    const elsewhere = await World.found(cluster.parts, cluster.issuer, 'Elsewhere');
    const registered = (await elsewhere.member({ name: 'A Secret Name' })).email;
    const shown = (answer: object, email: string) =>
      JSON.stringify(answer)
        .replaceAll(email, 'ADDRESS')
        .replaceAll(/invitation_\w+/g, 'ID')
        .replaceAll(/\d{4}-[^"]+Z/g, 'TIME');
    const unknown = fresh();
    const [known, stranger] = [await invite({ emails: [registered] }), await invite({ emails: [unknown] })];
    expect(shown(known, registered)).toBe(shown(stranger, unknown));
    expect(JSON.stringify(known)).not.toContain('Secret');
    expect(await rows().count(User, { email: unknown })).toBe(0);
  });

  it('many at once; who is in the directory already is told, and gets no letter', async () => {
    const emails = Array.from({ length: 98 }, fresh);
    const member = await world.member();
    const { invitations, alreadyMembers, userErrors } = await invite({ emails: [...emails, member.email, emails[0]] });
    expect(invitations.map(({ email }: { email: string }) => email)).toEqual([...emails].sort());
    expect([alreadyMembers, userErrors]).toEqual([[{ id: member.member.id, email: member.email }], []]);
  });

  it('nobody with an address that is none, to a role that externals do not have, or too many at once', async () => {
    const good = fresh();
    const wrong = { emails: [good, 'Ada <ada@example.com>'] };
    expect(await invite(wrong)).toMatchObject({
      invitations: null,
      userErrors: [{ field: 'emails.1', code: 'ADDRESS' }],
    });
    for (const role of ['ADMIN', 'SUPERVISOR'])
      expect(await invite({ emails: [good], kind: 'EXTERNAL', role })).toMatchObject({
        userErrors: [{ code: 'EXTERNAL_ROLE' }],
      });
    for (const emails of [[], Array.from({ length: 101 }, fresh)]) {
      const { errors } = await ask(cluster.first, admin.caller, INVITE, { input: { emails } });
      expect(errors[0]?.extensions?.reason).toBe('NUMBER_OF_ADDRESSES');
    }
    expect(await rows().count(Invitation, { email: good })).toBe(0);
  });

  it('an address that has an open invitation has it renewed, and its earlier letter leads nowhere', async () => {
    const email = fresh();
    const first = await inviteOne(email);
    const second = await inviteOne(email, { role: 'SUPERVISOR' });
    expect(second).toBe(first);
    const [old = '', renewed = ''] = await secretsTo(email, 2);
    const who = await signedIn(email);
    isNotFound(await accept(who, { secret: old }));
    expect((await accept(who, { secret: renewed })).data?.acceptInvitation.membership).toMatchObject({
      role: 'SUPERVISOR',
    });
  });

  it('nobody where the operator has set up no mail, and is told so', async () => {
    const mute = { ...cluster.parts, letterBox: null };
    const email = fresh();
    const offer = { emails: [email], kind: 'INTERNAL', role: 'MEMBER' } as const;
    const refusal = { code: 'FORBIDDEN', reason: 'MAIL_NOT_SET_UP' };
    await expect(inviteMembers(mute, admin.viewer, offer, '')).rejects.toMatchObject(refusal);
    expect(await rows().count(Invitation, { email })).toBe(0);
  });

  it('of two who invite one address at once, both succeed, with one invitation', async () => {
    const colleague = await world.member({ role: 'ADMIN' });
    const emails = Array.from({ length: 5 }, fresh);
    const both = await Promise.all([invite({ emails }), invite({ emails: [...emails].reverse() }, colleague)]);
    const ids = both.map(({ invitations }) => invitations.map(({ id }: { id: string }) => id));
    expect(ids[0]).toEqual(ids[1]);
    expect(await rows().count(Invitation, { email: { $in: emails } })).toBe(5);
  });

  it('sees, sends again and takes back what is open', async () => {
    const email = fresh();
    const id = await inviteOne(email);
    const colleague = await world.member({ role: 'ADMIN' });
    await rows().nativeUpdate(Invitation, { id }, { expiresAt: new Date(Date.now() - 1_000) });
    const { invitations } = await get(cluster.first, admin.caller, LIST);
    expect(invitations.nodes.find((node: { id: string }) => node.id === id)).toMatchObject({
      status: 'EXPIRED',
      email,
    });
    isNotFound(await accept(await signedIn(email), { invitationId: id }));
    const { resendInvitation } = await get(cluster.last, colleague.caller, RESEND, { input: { invitationId: id } });
    expect(resendInvitation.invitation).toMatchObject({
      id,
      status: 'PENDING',
      invitedBy: { id: colleague.member.id },
    });
    const secrets = await secretsTo(email, 2);
    expect(new Set(secrets).size).toBe(2);
    for (let time = 0; time < 2; time += 1)
      expect(
        (await get(cluster.first, admin.caller, REVOKE, { input: { invitationId: id } })).revokeInvitation,
      ).toEqual({
        invitation: { id, status: 'REVOKED' },
        userErrors: [],
      });
    for (const secret of secrets) isNotFound(await accept(await signedIn(email), { secret }));
    const again = await get(cluster.first, admin.caller, RESEND, { input: { invitationId: id } });
    expect(again.resendInvitation.userErrors).toEqual([{ code: 'INVITATION_CLOSED' }]);
  });
});

describe('who is invited', () => {
  it('sees it with the verified address, accepts it by its id, and is a member from then on', async () => {
    const email = fresh();
    const id = await inviteOne(email, { kind: 'EXTERNAL', note: 'Hello' });
    const who = await signedIn(email);
    const { myInvitations } = await get(cluster.last, who, MINE);
    expect(myInvitations).toMatchObject([
      {
        id,
        company: 'Fernholt & Sons',
        invitedBy: 'Admin of Fernholt & Sons',
        kind: 'EXTERNAL',
        role: 'MEMBER',
        note: 'Hello',
      },
    ]);
    const { data } = await accept(who, { invitationId: id });
    const { membership, userErrors } = data?.acceptInvitation ?? {};
    expect([membership, userErrors]).toEqual([
      {
        memberId: expect.any(String),
        role: 'MEMBER',
        kind: 'EXTERNAL',
        company: { id: world.companyId, name: 'Fernholt & Sons' },
      },
      [],
    ]);
    const { viewer } = await get(
      cluster.first,
      { ...who, companyId: world.companyId },
      '{ viewer { member { id kind role } } }',
    );
    expect(viewer.member).toEqual({ id: membership.memberId, kind: 'EXTERNAL', role: 'MEMBER' });
    expect((await get(cluster.first, who, MINE)).myInvitations).toEqual([]);
    isNotFound(await accept(who, { invitationId: id }));
    expect(await statusOf(id)).toBe('ACCEPTED');
  });

  it('has it told in the log, the history and the audit log, by ids and without an address', async () => {
    const email = fresh();
    const id = await inviteOne(email, { role: 'SUPERVISOR' });
    const { data } = await accept(await signedIn(email), { invitationId: id });
    const { memberId } = data.acceptInvitation.membership;
    const about = { objectId: { $in: [id, memberId] } };
    const orderBy = { occurredAt: 'asc', id: 'asc' } as const;
    const happened = ['invitation.created', 'invitation.accepted', 'member.added'].sort();
    expect((await rows().find(Event, about)).map(({ type }) => type).sort()).toEqual(happened);
    expect((await rows().find(HistoryEntry, about)).map(({ type }) => type).sort()).toEqual(happened);
    // That they have come in stands there as well, but later.
    const kinds = { ...about, action: { $in: happened } };
    const entries = await rows().find(AuditEntry, kinds, { orderBy });
    expect(entries.map(({ action, actorId, entryPoint }) => [action, actorId, entryPoint]).sort()).toEqual([
      ['invitation.accepted', memberId, 'USER'],
      ['invitation.created', admin.member.id, 'MEMBER'],
      ['member.added', memberId, 'USER'],
    ]);
    expect(
      JSON.stringify([entries, await rows().find(Event, about), await rows().find(HistoryEntry, about)]),
    ).not.toContain(email);
  });

  it('accepts by the secret of the letter; who has the letter and another address finds nothing there', async () => {
    const email = fresh();
    const id = await inviteOne(email);
    const [secret = ''] = await secretsTo(email);
    const thief = await signedIn(fresh());
    for (const input of [{ secret }, { invitationId: id }]) {
      isNotFound(await accept(thief, input));
      isNotFound(await ask(cluster.first, thief, DECLINE, { input }));
    }
    // An administrator of the company is nobody to it either.
    isNotFound(await accept(admin.caller, { secret }));
    expect((await get(cluster.first, thief, MINE, { secret })).myInvitations).toEqual([]);
    const who = await signedIn(email);
    expect((await get(cluster.first, who, MINE, { secret })).myInvitations).toMatchObject([{ id }]);
    expect((await get(cluster.first, who, MINE, { secret: `${secret}x` })).myInvitations).toEqual([]);
    expect((await accept(who, { secret })).data?.acceptInvitation.userErrors).toEqual([]);
  });

  it('is not found by an address that no issuer has verified', async () => {
    const email = fresh();
    await inviteOne(email);
    const authorization = `Bearer ${await cluster.issuer.token(email, { email_verified: false })}`;
    const { errors } = await ask(cluster.first, { authorization }, MINE);
    expect(errors[0]?.extensions?.reason).toBe('EMAIL_NOT_VERIFIED');
  });

  it('names it by its id or by its secret, and not by both or by none', async () => {
    const email = fresh();
    const invitationId = await inviteOne(email);
    const who = await signedIn(email);
    for (const input of [{}, { invitationId, secret: 'x' }, { invitationId: null }])
      expect((await accept(who, input)).errors[0]?.extensions?.reason).toBe('INVITATION_NAMING');
  });

  it('declines it for good', async () => {
    const email = fresh();
    const id = await inviteOne(email);
    const who = await signedIn(email);
    const { declineInvitation } = await get(cluster.first, who, DECLINE, { input: { invitationId: id } });
    expect(declineInvitation).toEqual({ invitation: { id, company: 'Fernholt & Sons' }, userErrors: [] });
    expect(await statusOf(id)).toBe('DECLINED');
    isNotFound(await accept(who, { invitationId: id }));
    const answered = await get(cluster.first, admin.caller, REVOKE, { input: { invitationId: id } });
    expect(answered.revokeInvitation.userErrors).toEqual([{ code: 'INVITATION_CLOSED' }]);
    // Whoever is invited once more has another one.
    expect(await inviteOne(email)).not.toBe(id);
  });

  it('accepts twice at once, and is a member once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = fresh();
      const id = await inviteOne(email);
      const who = await signedIn(email);
      await get(cluster.first, who, MINE);
      const answers = await Promise.all([0, 1, 2, 3].map(() => accept(who, { invitationId: id })));
      const reasons = answers.map(({ data, errors }) =>
        data?.acceptInvitation?.membership ? 'in' : errors[0]?.extensions?.reason,
      );
      expect(reasons.sort()).toEqual([...Array(3).fill('NOT_VISIBLE_OR_ABSENT'), 'in']);
      const user = await rows().findOneOrFail(User, { email });
      expect(await rows().count(Member, { user: user.id })).toBe(1);
    }
  });

  it('who is a member already stays what they are', async () => {
    const email = fresh();
    const id = await inviteOne(email, { role: 'ADMIN' });
    const member = await world.member({ email });
    const answer = await accept(member.caller, { invitationId: id });
    expect(answer.data?.acceptInvitation).toEqual({ membership: null, userErrors: [{ code: 'ALREADY_A_MEMBER' }] });
    expect(await rows().findOneOrFail(Member, { id: member.member.id })).toMatchObject({ role: 'MEMBER' });
  });
});

describe('whoever was a member', () => {
  it('comes back as what they are invited to be, with what they were', async () => {
    const person = await world.member({ role: 'SUPERVISOR' });
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    const id = await inviteOne(person.email, { kind: 'EXTERNAL' });
    const who = await signedIn(person.email);
    const { data } = await accept(who, { invitationId: id });
    expect(data?.acceptInvitation.membership).toMatchObject({
      memberId: person.member.id,
      kind: 'EXTERNAL',
      role: 'MEMBER',
    });
    const member = await rows().findOneOrFail(Member, { id: person.member.id });
    expect(member).toMatchObject({ deactivatedAt: null, kind: 'EXTERNAL', role: 'MEMBER' });
    expect(await rows().count(AuditEntry, { action: 'member.reactivated', objectId: member.id })).toBe(1);
  });

  it('never comes back by an invitation that was made before they were deactivated', async () => {
    const email = fresh();
    const id = await inviteOne(email, { role: 'ADMIN' });
    const person = await world.member({ email });
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    expect(await statusOf(id)).toBe('REVOKED');
    isNotFound(await accept(await signedIn(email), { invitationId: id }));
    // Not even if it were still open.
    await rows().nativeUpdate(Invitation, { id }, { status: 'PENDING' });
    isNotFound(await accept(await signedIn(email), { invitationId: id }));
    expect((await rows().findOneOrFail(Member, { id: person.member.id })).deactivatedAt).toBeTruthy();
  });

  it('who is let in again as what they were is not made anything else by an earlier invitation', async () => {
    const person = await world.member();
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    const id = await inviteOne(person.email, { role: 'ADMIN' });
    await reactivateMember(cluster.parts, admin.viewer, person.member.id);
    expect(await statusOf(id)).toBe('REVOKED');
  });

  it('is not invited to be what their open work does not let them be', async () => {
    const manager = await world.member();
    const project = await world.project('EVERYONE');
    await get(
      cluster.first,
      admin.caller,
      'mutation ($input: SetProjectPermissionInput!) { setProjectPermission(input: $input) { userErrors { code } } }',
      { input: { projectId: project.id, memberId: manager.member.id, level: 'EDIT' } },
    );
    const task = await world.task(project, { privacy: 'INTERNAL' }, manager);
    expect(task.owner.id).toBe(manager.member.id);
    await deactivateMember(cluster.parts, admin.viewer, manager.member.id);
    expect(await invite({ emails: [fresh(), manager.email], kind: 'EXTERNAL' })).toMatchObject({
      invitations: null,
      userErrors: [{ field: 'emails.1', code: 'STILL_NAMED' }],
    });
    const id = await inviteOne(manager.email);
    await rows().nativeUpdate(Invitation, { id }, { kind: 'EXTERNAL' });
    const answer = await accept(await signedIn(manager.email), { invitationId: id });
    expect(answer.data?.acceptInvitation.userErrors).toEqual([{ code: 'STILL_NAMED' }]);
    expect(await statusOf(id)).toBe('PENDING');
  });
});

describe('what an administrator offers', () => {
  const ends = {
    deactivated: (person: Person) => deactivateMember(cluster.parts, admin.viewer, person.member.id),
    demoted: (person: Person) => updateMember(cluster.parts, admin.viewer, person.member.id, { role: 'MEMBER' }),
  };
  for (const [how, end] of Object.entries(ends))
    it(`ends when they are ${how}, and is told in the audit log`, async () => {
      const colleague = await world.member({ role: 'ADMIN' });
      const [email, other] = [fresh(), fresh()];
      const id = await inviteOne(email, {}, colleague);
      const ours = await inviteOne(other);
      await end(colleague);
      expect([await statusOf(id), await statusOf(ours)]).toEqual(['REVOKED', 'PENDING']);
      isNotFound(await accept(await signedIn(email), { invitationId: id }));
      expect(await rows().count(AuditEntry, { action: 'invitation.revoked', objectId: id })).toBe(1);
      // Not even if it were still open.
      await rows().nativeUpdate(Invitation, { id }, { status: 'PENDING' });
      isNotFound(await accept(await signedIn(email), { invitationId: id }));
    });

  it('is not accepted in the moment in which they lose their part', async () => {
    for (let round = 0; round < 4; round += 1) {
      const colleague = await world.member({ role: 'ADMIN' });
      const email = fresh();
      const id = await inviteOne(email, {}, colleague);
      const who = await signedIn(email);
      await get(cluster.first, who, MINE);
      const [answer] = await Promise.all([accept(who, { invitationId: id }), ends.demoted(colleague)]);
      const [added] = await rows().find(AuditEntry, { action: 'invitation.accepted', objectId: id });
      const [revoked] = await rows().find(AuditEntry, { action: 'invitation.revoked', objectId: id });
      expect([Boolean(added), Boolean(revoked)].sort()).toEqual([false, true]);
      expect(Boolean(answer.data?.acceptInvitation?.membership)).toBe(Boolean(added));
    }
  });
});
