import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { grantFollow, revokeFollow } from '../../src/domain/follows.js';
import { inviteMembers, resendInvitation, revokeInvitation } from '../../src/domain/invitations.js';
import { addMember, deactivateMember } from '../../src/domain/members.js';
import { createProject, setProjectPermission } from '../../src/domain/projects.js';
import { createTask, updateTask, updateTasks } from '../../src/domain/tasks.js';
import { Invitation } from '../../src/entities/invitation.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

const VIEWER = '{ viewer { member { id } } }';
const INVITE = `mutation ($email: String!) {
  inviteMembers(input: { emails: [$email] }) { invitations { id } userErrors { code } } }`;

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
}, 30_000);
afterAll(() => cluster?.stop());

const deactivate = (person: Person) => deactivateMember(cluster.parts, world.admin.viewer, person.member.id);
const setRole = async (person: Person, role: 'ADMIN' | 'MEMBER') => {
  const em = forkFor(cluster.parts.orm, { companyId: world.companyId });
  await em.nativeUpdate(Member, { id: person.member.id }, { role });
};
const isInDirectory = async (email: string) =>
  (await forkFor(cluster.parts.orm, { companyId: world.companyId }).count(Member, { user: { email } })) > 0;

const isInvited = async (email: string) =>
  (await forkFor(cluster.parts.orm, { companyId: world.companyId }).count(Invitation, { email })) > 0;

/** A question of which the server has the head only, and has looked at it. */
async function begin(caller: Caller, body: string) {
  const message = request(cluster.first.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: caller.authorization,
      ...(caller.companyId && { 'x-company-id': caller.companyId }),
    },
  });
  message.flushHeaders();
  await once(message, 'socket');
  // Two whole questions, one after the other, of the same person: when they are answered, the head has been looked at.
  for (let i = 0; i < 2; i += 1) await ask(cluster.first, caller, '{ __typename }');
  return { finish: () => finish(message, body) };
}

async function finish(message: ClientRequest, body: string) {
  message.end(body);
  const [response] = await once(message, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  const { data = null, errors = [] } = JSON.parse(text);
  return { status: response.statusCode as number, data, reason: errors[0]?.extensions.reason ?? null };
}

describe('a question whose body comes later than its head', () => {
  it('is answered while its viewer stands', async () => {
    const person = await world.member();
    const question = await begin(person.caller, JSON.stringify({ query: VIEWER }));
    const { status, data } = await question.finish();
    expect([status, data.viewer.member.id]).toEqual([200, person.member.id]);
  });

  it('is refused when the member has been deactivated meanwhile', async () => {
    const admin = await world.member({ role: 'ADMIN' });
    const email = `late-${admin.email}`;
    const question = await begin(admin.caller, JSON.stringify({ query: INVITE, variables: { email } }));
    await deactivate(admin);
    expect(await question.finish()).toEqual({ status: 401, data: null, reason: 'ACCESS_ENDED' });
    expect(await isInvited(email)).toBe(false);
  });

  it('is refused when the follow has been revoked meanwhile', async () => {
    const follow = await world.follow(await world.task(await world.project()));
    const question = await begin(follow.caller, JSON.stringify({ query: '{ followed { id } }' }));
    await get(
      cluster.first,
      world.admin.caller,
      'mutation ($id: ID!) { revokeFollow(input: { followId: $id }) { cursor } }',
      { id: follow.id },
    );
    expect(await question.finish()).toEqual({ status: 401, data: null, reason: 'ACCESS_ENDED' });
  });

  it('is refused when the token has ended meanwhile', async () => {
    const person = await world.member();
    // Within the tolerance for clocks that differ: good for a question that is there, and at its end for a later one.
    const token = await cluster.issuer.token(person.email, { exp: Math.floor(Date.now() / 1000) - 1 });
    const caller = { ...person.caller, authorization: `Bearer ${token}` };
    const question = await begin(caller, JSON.stringify({ query: VIEWER }));
    expect(await question.finish()).toEqual({ status: 401, data: null, reason: 'TOKEN_EXPIRED' });
  });

  it('is answered with the rights of that moment', async () => {
    const admin = await world.member({ role: 'ADMIN' });
    const question = await begin(
      admin.caller,
      JSON.stringify({ query: INVITE, variables: { email: 'x@example.com' } }),
    );
    await setRole(admin, 'MEMBER');
    expect(await question.finish()).toEqual({ status: 200, data: null, reason: 'ROLE_REQUIRED' });
  });
});

describe('a command', () => {
  it('finds that its member has been deactivated by the one before it in the same document', async () => {
    const admin = await world.member({ role: 'ADMIN' });
    const email = `next-${admin.email}`;
    const { errors } = await ask(
      cluster.first,
      admin.caller,
      `mutation ($me: ID!, $email: String!) {
        deactivateMember(input: { memberId: $me }) { member { id } }
        inviteMembers(input: { emails: [$email] }) { invitations { id } } }`,
      { me: admin.member.id, email },
    );
    expect(errors.map(({ path, extensions }) => [path, extensions.code, extensions.reason])).toEqual([
      [['inviteMembers'], 'UNAUTHENTICATED', 'ACCESS_ENDED'],
    ]);
    expect(await isInvited(email)).toBe(false);
  });

  it.each<[string, (person: Person) => Promise<unknown>, string]>([
    ['has been deactivated since', deactivate, 'ACCESS_ENDED'],
    ['has another role by now', (person) => setRole(person, 'MEMBER'), 'RIGHTS_CHANGED'],
  ])('does nothing for a member who was let in and %s', async (_what, change, reason) => {
    const { parts } = cluster;
    const person = await world.member({ role: 'ADMIN' });
    const project = await world.project();
    const task = await world.task(project);
    const follow = await world.follow(task);
    const invitation = await world.invite(`to-${person.email}`);
    await change(person);
    const { viewer } = person;
    const permission = { projectId: project.id, memberId: world.admin.member.id, level: 'EDIT' as const };
    const input = { email: `by-${person.email}`, name: 'New', role: 'MEMBER', kind: 'INTERNAL' } as const;
    const commands: Record<string, () => Promise<unknown>> = {
      addMember: () => addMember(parts, viewer, input),
      inviteMembers: () => inviteMembers(parts, viewer, { ...input, emails: [input.email] }, ''),
      resendInvitation: () => resendInvitation(parts, viewer, invitation.id, ''),
      revokeInvitation: () => revokeInvitation(parts, viewer, invitation.id),
      deactivateMember: () => deactivateMember(parts, viewer, world.admin.member.id),
      createProject: () => createProject(parts, viewer, { workspaceId: world.workspace.id, key: 'LATE', name: 'Late' }),
      setProjectPermission: () => setProjectPermission(parts, viewer, permission),
      createTask: () => createTask(parts, viewer, project.id, { title: 'Late' }),
      updateTask: () => updateTask(parts, viewer, task.id, { title: 'Late' }),
      updateTasks: () => updateTasks(parts, viewer, [{ taskId: task.id, fields: { title: 'Late' } }]),
      addComment: () => addComment(parts, viewer, task.id, 'Late'),
      grantFollow: () => grantFollow(parts, viewer, { taskId: task.id }, {}),
      revokeFollow: () => revokeFollow(parts, viewer, follow.id),
    };
    for (const [name, command] of Object.entries(commands)) {
      const outcome = await command().then(
        () => null,
        (error) => error.reason,
      );
      expect([name, outcome]).toEqual([name, reason]);
    }
    expect(await isInDirectory(input.email)).toBe(false);
  });

  it('of an administrator and the deactivation of that administrator have one order', async () => {
    for (let i = 0; i < 5; i += 1) {
      const admin = await world.member({ role: 'ADMIN' });
      const input = { email: `${i}-${admin.email}`, name: 'New', role: 'MEMBER', kind: 'INTERNAL' } as const;
      const [added, gone] = await Promise.allSettled([
        addMember(cluster.parts, admin.viewer, input),
        deactivate(admin),
      ]);
      if (gone?.status !== 'fulfilled') throw new Error('The deactivation failed.');
      if (added?.status === 'fulfilled') expect(added.value.seq).toBeLessThan(gone.value.seq);
      else expect(added?.reason).toMatchObject({ reason: 'ACCESS_ENDED' });
    }
  });
});
