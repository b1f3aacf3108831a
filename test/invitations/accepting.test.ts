import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { AuditEntry } from '../../src/entities/audit-entry.js';
import { Event, HistoryEntry } from '../../src/entities/event.js';
import { Invitation } from '../../src/entities/invitation.js';
import { Member } from '../../src/entities/member.js';
import { User } from '../../src/entities/user.js';
import { ask, get } from '../harness/client.js';
import { type Cluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';
import { expectNotFound, fresh, Inviting } from './inviting.js';

let inviting: Inviting;
let cluster: Cluster;
let world: World;
let admin: Person;
beforeAll(async () => {
  inviting = await Inviting.open();
  ({ cluster, world } = inviting);
  admin = world.admin;
}, 60_000);
afterAll(() => inviting?.close());

const MINE = `query ($secret: String) { myInvitations(secret: $secret) {
  id company invitedBy kind role note expiresAt } }`;
const DECLINE = `mutation ($input: DeclineInvitationInput!) { declineInvitation(input: $input) {
  invitation { id company } userErrors { code } } }`;
const REVOKE = `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) {
  invitation { id status } userErrors { code } } }`;

describe('who is invited', () => {
  it('sees it with the verified address, accepts it by its id, and is a member from then on', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email, { kind: 'EXTERNAL', note: 'Hello' });
    const who = await inviting.signedIn(email);
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
    const { data } = await inviting.accept(who, { invitationId: id });
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
    expectNotFound(await inviting.accept(who, { invitationId: id }));
    expect(await inviting.statusOf(id)).toBe('ACCEPTED');
  });

  it('has it told in the log, the history and the audit log, by ids and without an address', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email, { role: 'SUPERVISOR' });
    const { data } = await inviting.accept(await inviting.signedIn(email), { invitationId: id });
    const { memberId } = data.acceptInvitation.membership;
    const about = { objectId: { $in: [id, memberId] } };
    const orderBy = { occurredAt: 'asc', id: 'asc' } as const;
    const happened = ['invitation.created', 'invitation.accepted', 'member.added'].sort();
    expect((await inviting.rows().find(Event, about)).map(({ type }) => type).sort()).toEqual(happened);
    expect((await inviting.rows().find(HistoryEntry, about)).map(({ type }) => type).sort()).toEqual(happened);
    // That they have come in stands there as well, but later.
    const kinds = { ...about, action: { $in: happened } };
    const entries = await inviting.rows().find(AuditEntry, kinds, { orderBy });
    expect(entries.map(({ action, actorId, entryPoint }) => [action, actorId, entryPoint]).sort()).toEqual([
      ['invitation.accepted', memberId, 'USER'],
      ['invitation.created', admin.member.id, 'MEMBER'],
      ['member.added', memberId, 'USER'],
    ]);
    expect(
      JSON.stringify([
        entries,
        await inviting.rows().find(Event, about),
        await inviting.rows().find(HistoryEntry, about),
      ]),
    ).not.toContain(email);
  });

  it('accepts by the secret of the letter; who has the letter and another address finds nothing there', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email);
    const [secret = ''] = await inviting.secretsTo(email);
    const thief = await inviting.signedIn(fresh());
    for (const input of [{ secret }, { invitationId: id }]) {
      expectNotFound(await inviting.accept(thief, input));
      expectNotFound(await ask(cluster.first, thief, DECLINE, { input }));
    }
    // An administrator of the company is nobody to it either.
    expectNotFound(await inviting.accept(admin.caller, { secret }));
    expect((await get(cluster.first, thief, MINE, { secret })).myInvitations).toEqual([]);
    const who = await inviting.signedIn(email);
    expect((await get(cluster.first, who, MINE, { secret })).myInvitations).toMatchObject([{ id }]);
    expect((await get(cluster.first, who, MINE, { secret: `${secret}x` })).myInvitations).toEqual([]);
    expect((await inviting.accept(who, { secret })).data?.acceptInvitation.userErrors).toEqual([]);
  });

  it('is not found by an address that no issuer has verified', async () => {
    const email = fresh();
    await inviting.inviteOne(email);
    const authorization = `Bearer ${await cluster.issuer.token(email, { email_verified: false })}`;
    const { errors } = await ask(cluster.first, { authorization }, MINE);
    expect(errors[0]?.extensions?.reason).toBe('EMAIL_NOT_VERIFIED');
  });

  it('names it by its id or by its secret, and not by both or by none', async () => {
    const email = fresh();
    const invitationId = await inviting.inviteOne(email);
    const who = await inviting.signedIn(email);
    for (const input of [{}, { invitationId, secret: 'x' }, { invitationId: null }])
      expect((await inviting.accept(who, input)).errors[0]?.extensions?.reason).toBe('INVITATION_NAMING');
  });

  it('declines it for good', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email);
    const who = await inviting.signedIn(email);
    const { declineInvitation } = await get(cluster.first, who, DECLINE, { input: { invitationId: id } });
    expect(declineInvitation).toEqual({ invitation: { id, company: 'Fernholt & Sons' }, userErrors: [] });
    expect(await inviting.statusOf(id)).toBe('DECLINED');
    expectNotFound(await inviting.accept(who, { invitationId: id }));
    const answered = await get(cluster.first, admin.caller, REVOKE, { input: { invitationId: id } });
    expect(answered.revokeInvitation.userErrors).toEqual([{ code: 'INVITATION_CLOSED' }]);
    // Whoever is invited once more has another one.
    expect(await inviting.inviteOne(email)).not.toBe(id);
  });

  it('accepts twice at once, and is a member once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = fresh();
      const id = await inviting.inviteOne(email);
      const who = await inviting.signedIn(email);
      await get(cluster.first, who, MINE);
      const answers = await Promise.all([0, 1, 2, 3].map(() => inviting.accept(who, { invitationId: id })));
      const reasons = answers.map(({ data, errors }) =>
        data?.acceptInvitation?.membership ? 'in' : errors[0]?.extensions?.reason,
      );
      expect(reasons.sort()).toEqual([...Array(3).fill('NOT_VISIBLE_OR_ABSENT'), 'in']);
      const user = await inviting.rows().findOneOrFail(User, { email });
      expect(await inviting.rows().count(Member, { user: user.id })).toBe(1);
    }
  });

  it('who is a member already stays what they are', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email, { role: 'ADMIN' });
    const member = await world.member({ email });
    const answer = await inviting.accept(member.caller, { invitationId: id });
    expect(answer.data?.acceptInvitation).toEqual({ membership: null, userErrors: [{ code: 'ALREADY_A_MEMBER' }] });
    expect(await inviting.rows().findOneOrFail(Member, { id: member.member.id })).toMatchObject({ role: 'MEMBER' });
  });
});

describe('whoever was a member', () => {
  it('comes back as what they are invited to be, with what they were', async () => {
    const person = await world.member({ role: 'SUPERVISOR' });
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    const id = await inviting.inviteOne(person.email, { kind: 'EXTERNAL' });
    const who = await inviting.signedIn(person.email);
    const { data } = await inviting.accept(who, { invitationId: id });
    expect(data?.acceptInvitation.membership).toMatchObject({
      memberId: person.member.id,
      kind: 'EXTERNAL',
      role: 'MEMBER',
    });
    const member = await inviting.rows().findOneOrFail(Member, { id: person.member.id });
    expect(member).toMatchObject({ deactivatedAt: null, kind: 'EXTERNAL', role: 'MEMBER' });
    expect(await inviting.rows().count(AuditEntry, { action: 'member.reactivated', objectId: member.id })).toBe(1);
  });

  it('never comes back by an invitation that was made before they were deactivated', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email, { role: 'ADMIN' });
    const person = await world.member({ email });
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    expect(await inviting.statusOf(id)).toBe('REVOKED');
    expectNotFound(await inviting.accept(await inviting.signedIn(email), { invitationId: id }));
    // Not even if it were still open.
    await inviting.rows().nativeUpdate(Invitation, { id }, { status: 'PENDING' });
    expectNotFound(await inviting.accept(await inviting.signedIn(email), { invitationId: id }));
    expect((await inviting.rows().findOneOrFail(Member, { id: person.member.id })).deactivatedAt).toBeTruthy();
  });

  it('who is let in again as what they were is not made anything else by an earlier invitation', async () => {
    const person = await world.member();
    await deactivateMember(cluster.parts, admin.viewer, person.member.id);
    const id = await inviting.inviteOne(person.email, { role: 'ADMIN' });
    await reactivateMember(cluster.parts, admin.viewer, person.member.id);
    expect(await inviting.statusOf(id)).toBe('REVOKED');
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
    expect(await inviting.invite({ emails: [fresh(), manager.email], kind: 'EXTERNAL' })).toMatchObject({
      invitations: null,
      userErrors: [{ field: 'emails.1', code: 'STILL_NAMED' }],
    });
    const id = await inviting.inviteOne(manager.email);
    await inviting.rows().nativeUpdate(Invitation, { id }, { kind: 'EXTERNAL' });
    const answer = await inviting.accept(await inviting.signedIn(manager.email), { invitationId: id });
    expect(answer.data?.acceptInvitation.userErrors).toEqual([{ code: 'STILL_NAMED' }]);
    expect(await inviting.statusOf(id)).toBe('PENDING');
  });
});
