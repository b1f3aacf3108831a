import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inviteMembers } from '../../src/domain/invitations.js';
import { deactivateMember } from '../../src/domain/members.js';
import { updateMember } from '../../src/domain/update-member.js';
import { AuditEntry } from '../../src/entities/audit-entry.js';
import { Invitation } from '../../src/entities/invitation.js';
import { User } from '../../src/entities/user.js';
import { ask, get } from '../harness/client.js';
import { type Cluster } from '../harness/cluster.js';
import { lettersTo } from '../harness/letters.js';
import { type Person, World } from '../harness/world.js';
import { expectNotFound, fresh, INVITE, Inviting } from './inviting.js';

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

const LIST = '{ invitations(first: 100) { nodes { id email status kind role invitedBy { id } } } }';
const MINE = `query ($secret: String) { myInvitations(secret: $secret) {
  id company invitedBy kind role note expiresAt } }`;
const RESEND = `mutation ($input: ResendInvitationInput!) { resendInvitation(input: $input) {
  invitation { id status expiresAt invitedBy { id } } userErrors { code } } }`;
const REVOKE = `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) {
  invitation { id status } userErrors { code } } }`;

describe('an administrator invites', () => {
  it('by a letter that says who, where and as what, with a link for the address', async () => {
    const email = fresh();
    const note = 'Welcome <b>aboard</b>!\nSee you on Monday.';
    const input = { emails: [email.toUpperCase()], kind: 'EXTERNAL', note };
    const { invitations, alreadyMembers } = await inviting.invite(input);
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
    const [known, stranger] = [
      await inviting.invite({ emails: [registered] }),
      await inviting.invite({ emails: [unknown] }),
    ];
    expect(shown(known, registered)).toBe(shown(stranger, unknown));
    expect(JSON.stringify(known)).not.toContain('Secret');
    expect(await inviting.rows().count(User, { email: unknown })).toBe(0);
  });

  it('many at once; who is in the directory already is told, and gets no letter', async () => {
    const emails = Array.from({ length: 98 }, fresh);
    const member = await world.member();
    const { invitations, alreadyMembers, userErrors } = await inviting.invite({
      emails: [...emails, member.email, emails[0]],
    });
    expect(invitations.map(({ email }: { email: string }) => email)).toEqual([...emails].sort());
    expect([alreadyMembers, userErrors]).toEqual([[{ id: member.member.id, email: member.email }], []]);
  });

  it('nobody with an address that is none, to a role that externals do not have, or too many at once', async () => {
    const good = fresh();
    const wrong = { emails: [good, 'Ada <ada@example.com>'] };
    expect(await inviting.invite(wrong)).toMatchObject({
      invitations: null,
      userErrors: [{ field: 'emails.1', code: 'ADDRESS' }],
    });
    for (const role of ['ADMIN', 'SUPERVISOR'])
      expect(await inviting.invite({ emails: [good], kind: 'EXTERNAL', role })).toMatchObject({
        userErrors: [{ code: 'EXTERNAL_ROLE' }],
      });
    for (const emails of [[], Array.from({ length: 101 }, fresh)]) {
      const { errors } = await ask(cluster.first, admin.caller, INVITE, { input: { emails } });
      expect(errors[0]?.extensions?.reason).toBe('NUMBER_OF_ADDRESSES');
    }
    expect(await inviting.rows().count(Invitation, { email: good })).toBe(0);
  });

  it('an address that has an open invitation has it renewed, and its earlier letter leads nowhere', async () => {
    const email = fresh();
    const first = await inviting.inviteOne(email);
    const second = await inviting.inviteOne(email, { role: 'SUPERVISOR' });
    expect(second).toBe(first);
    const [old = '', renewed = ''] = await inviting.secretsTo(email, 2);
    const who = await inviting.signedIn(email);
    expectNotFound(await inviting.accept(who, { secret: old }));
    expect((await inviting.accept(who, { secret: renewed })).data?.acceptInvitation.membership).toMatchObject({
      role: 'SUPERVISOR',
    });
  });

  it('nobody where the operator has set up no mail, and is told so', async () => {
    const mute = { ...cluster.parts, letterBox: null };
    const email = fresh();
    const offer = { emails: [email], kind: 'INTERNAL', role: 'MEMBER' } as const;
    const refusal = { code: 'FORBIDDEN', reason: 'MAIL_NOT_SET_UP' };
    await expect(inviteMembers(mute, admin.viewer, offer, '')).rejects.toMatchObject(refusal);
    expect(await inviting.rows().count(Invitation, { email })).toBe(0);
  });

  it('of two who invite one address at once, both succeed, with one invitation', async () => {
    const colleague = await world.member({ role: 'ADMIN' });
    const emails = Array.from({ length: 5 }, fresh);
    const both = await Promise.all([
      inviting.invite({ emails }),
      inviting.invite({ emails: [...emails].reverse() }, colleague),
    ]);
    const ids = both.map(({ invitations }) => invitations.map(({ id }: { id: string }) => id));
    expect(ids[0]).toEqual(ids[1]);
    expect(await inviting.rows().count(Invitation, { email: { $in: emails } })).toBe(5);
  });

  it('sees, sends again and takes back what is open', async () => {
    const email = fresh();
    const id = await inviting.inviteOne(email);
    const colleague = await world.member({ role: 'ADMIN' });
    await inviting.rows().nativeUpdate(Invitation, { id }, { expiresAt: new Date(Date.now() - 1_000) });
    const { invitations } = await get(cluster.first, admin.caller, LIST);
    expect(invitations.nodes.find((node: { id: string }) => node.id === id)).toMatchObject({
      status: 'EXPIRED',
      email,
    });
    expectNotFound(await inviting.accept(await inviting.signedIn(email), { invitationId: id }));
    const { resendInvitation } = await get(cluster.last, colleague.caller, RESEND, { input: { invitationId: id } });
    expect(resendInvitation.invitation).toMatchObject({
      id,
      status: 'PENDING',
      invitedBy: { id: colleague.member.id },
    });
    const secrets = await inviting.secretsTo(email, 2);
    expect(new Set(secrets).size).toBe(2);
    for (let time = 0; time < 2; time += 1)
      expect(
        (await get(cluster.first, admin.caller, REVOKE, { input: { invitationId: id } })).revokeInvitation,
      ).toEqual({
        invitation: { id, status: 'REVOKED' },
        userErrors: [],
      });
    for (const secret of secrets) expectNotFound(await inviting.accept(await inviting.signedIn(email), { secret }));
    const again = await get(cluster.first, admin.caller, RESEND, { input: { invitationId: id } });
    expect(again.resendInvitation.userErrors).toEqual([{ code: 'INVITATION_CLOSED' }]);
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
      const id = await inviting.inviteOne(email, {}, colleague);
      const ours = await inviting.inviteOne(other);
      await end(colleague);
      expect([await inviting.statusOf(id), await inviting.statusOf(ours)]).toEqual(['REVOKED', 'PENDING']);
      expectNotFound(await inviting.accept(await inviting.signedIn(email), { invitationId: id }));
      expect(await inviting.rows().count(AuditEntry, { action: 'invitation.revoked', objectId: id })).toBe(1);
      // Not even if it were still open.
      await inviting.rows().nativeUpdate(Invitation, { id }, { status: 'PENDING' });
      expectNotFound(await inviting.accept(await inviting.signedIn(email), { invitationId: id }));
    });

  it('is not accepted in the moment in which they lose their part', async () => {
    for (let round = 0; round < 4; round += 1) {
      const colleague = await world.member({ role: 'ADMIN' });
      const email = fresh();
      const id = await inviting.inviteOne(email, {}, colleague);
      const who = await inviting.signedIn(email);
      await get(cluster.first, who, MINE);
      const [answer] = await Promise.all([inviting.accept(who, { invitationId: id }), ends.demoted(colleague)]);
      const [added] = await inviting.rows().find(AuditEntry, { action: 'invitation.accepted', objectId: id });
      const [revoked] = await inviting.rows().find(AuditEntry, { action: 'invitation.revoked', objectId: id });
      expect([Boolean(added), Boolean(revoked)].sort()).toEqual([false, true]);
      expect(Boolean(answer.data?.acceptInvitation?.membership)).toBe(Boolean(added));
    }
  });
});
