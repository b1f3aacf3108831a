import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { updateTask } from '../../src/domain/tasks.js';
import type { Privacy } from '../../src/entities/vocabulary.js';
import { ask, type Caller, codeOf, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const ME = '{ viewer { user { id email } } }';
const FOLLOWED = '{ followed { task { title } } }';

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster({ ANSWER_CACHE_BYTES: '1000000' });
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

/** The user's id, or why they are not let in. */
async function whoIs(caller: Caller): Promise<string | undefined> {
  const { data, errors } = await ask(cluster.first, caller, ME);
  return errors[0]?.extensions.reason ?? data.viewer.user.id;
}

describe('a person whom an administrator added by address', () => {
  const signIn = async (email: string, claims: Record<string, unknown>) =>
    whoIs({ authorization: `Bearer ${await cluster.issuer.token(email, claims)}` });

  it('is whoever signs in first with that address, verified, however it is spelled', async () => {
    const { email, viewer } = await world.member();
    expect(await signIn(email, { sub: 'first', email_verified: false })).toBe('EMAIL_NOT_VERIFIED');
    expect(await signIn(email, { sub: 'first', email_verified: 'true' })).toBe('EMAIL_NOT_VERIFIED');
    expect(await signIn(email, { sub: 'first', email: undefined })).toBe('EMAIL_NOT_VERIFIED');
    expect(await signIn(email.toUpperCase(), { sub: 'first' })).toBe(viewer.userId);
  });

  it('is nobody else from then on, whoever shows the same address', async () => {
    const { email, viewer } = await world.member();
    expect(await signIn(email, { sub: 'owner' })).toBe(viewer.userId);
    expect(await signIn(email, { sub: 'taker' })).toBe('EMAIL_TAKEN');
    expect(await signIn(email, { sub: 'Owner' })).toBe('EMAIL_TAKEN');
    expect(await signIn(email, { sub: 'owner' })).toBe(viewer.userId);
  });

  it('is known by the subject from then on, whatever becomes of the address', async () => {
    const [{ email, viewer }, other] = [await world.member(), await world.member()];
    expect(await signIn(email, { sub: 'stays' })).toBe(viewer.userId);
    expect(await signIn(email, { sub: 'stays', email_verified: false })).toBe(viewer.userId);
    expect(await signIn(other.email, { sub: 'stays' })).toBe(viewer.userId);
    expect(await signIn(other.email, { sub: 'late' })).toBe(other.viewer.userId);
  });

  it('has the address that their issuer verified last: another one is theirs no more, nor what is offered to it', async () => {
    const { email, viewer } = await world.member();
    expect(await signIn(email, { sub: 'moves' })).toBe(viewer.userId);
    expect(await signIn(`new-${email}`, { sub: 'moves' })).toBe(viewer.userId);
    const offering = await World.found(cluster.parts, cluster.issuer);
    const { id } = await offering.invite(email);
    const [moved, next] = await Promise.all(
      [`new-${email}`, email].map(async (address, i) => ({
        authorization: `Bearer ${await cluster.issuer.token(address, { sub: ['moves', 'next'][i] })}`,
      })),
    );
    const offered = async (caller: Caller = {}) =>
      (await get(cluster.last, caller, '{ myInvitations { id } }')).myInvitations;
    expect(await offered(moved)).toEqual([]);
    expect(await offered(next)).toEqual([{ id }]);
    expect(await whoIs(next ?? {})).not.toBe(viewer.userId);
  });

  it('has not the address of an older token again', async () => {
    const { email, viewer } = await world.member();
    const minutesAgo = (minutes: number) => Math.floor(Date.now() / 1000) - minutes * 60;
    const says = async (address: string, iat: number | undefined) => {
      const authorization = `Bearer ${await cluster.issuer.token(address, { sub: `turns-${email}`, iat })}`;
      const query = '{ viewer { user { id email } } }';
      return (await get(cluster.last, { authorization, companyId: world.companyId }, query)).viewer.user;
    };
    expect(await says(email, minutesAgo(9))).toEqual({ id: viewer.userId, email });
    expect(await says(`new-${email}`, minutesAgo(3))).toMatchObject({ email: `new-${email}` });
    expect(await says(email, minutesAgo(6))).toMatchObject({ email: `new-${email}` });
    expect(await says(email, minutesAgo(1))).toMatchObject({ email });
    // One that does not say when it was made moves nobody.
    expect(await says(`other-${email}`, undefined)).toMatchObject({ email });
  });

  it('is shown with a new address at once, in every company', async () => {
    const { email, member } = await world.member();
    const [sub, another] = [`shown-${email}`, `new-${email}`];
    await signIn(email, { sub });
    const query = 'query ($id: ID!) { node(id: $id) { ... on Member { email } } }';
    const shown = async () => (await get(cluster.first, world.admin.caller, query, { id: member.id })).node.email;
    // Asked again it is answered from what is kept.
    for (let i = 0; i < 3; i += 1) expect(await shown()).toBe(email);
    await signIn(another, { sub });
    await until(async () => (await shown()) === another, 'the new address', 2_000);
  });

  it.each([
    ['the sign of Kelvin for a k', (email: string) => email.replace('k', '\u212a')],
    ['a path behind the domain', (email: string) => `${email}/evil`],
    ['a dotless i', (email: string) => email.replace('i', '\u0131')],
  ])('is not met by an address with %s', async (_what, changed) => {
    const { email, viewer } = await world.member({ email: `kit-${Math.random().toString(36).slice(2)}@kin.example` });
    const taker = await cluster.issuer.token('taker', { sub: `taker-${email}`, email: changed(email) });
    expect(await whoIs({ authorization: `Bearer ${taker}` })).not.toBe(viewer.userId);
  });

  it('is met however the domain is written', async () => {
    const name = `m-${Math.random().toString(36).slice(2)}`;
    const { viewer } = await world.member({ email: `${name}@Bücher.example` });
    expect(await signIn(`${name}@xn--bcher-kva.example`, { sub: name })).toBe(viewer.userId);
    expect(await signIn(`${name}@BÜCHER.EXAMPLE`, { sub: name })).toBe(viewer.userId);
  });

  it('is one person also when the first two requests come at once', async () => {
    const { email, viewer } = await world.member();
    const both = await Promise.all([signIn(email, { sub: 'twin' }), signIn(email, { sub: 'twin' })]);
    expect(both).toEqual([viewer.userId, viewer.userId]);
  });
});

describe('a follow link', () => {
  it('shows the task while it is public, and nothing of it while it is not', async () => {
    const task = await world.task(await world.project(), { title: 'Seen from outside' });
    const { caller } = await world.follow(task);
    const turn = (privacy: Privacy) => updateTask(cluster.parts, world.admin.viewer, task.id, { privacy });
    const shown = async () => (await get(cluster.last, caller, FOLLOWED)).followed.task;
    for (const privacy of ['INTERNAL', 'PRIVATE'] as const) {
      expect(await shown()).toEqual({ title: 'Seen from outside' });
      await turn(privacy);
      expect(await shown()).toBeNull();
      await turn('PUBLIC');
    }
    expect(await shown()).toEqual({ title: 'Seen from outside' });
  });

  it('leads nowhere once its time is over', async () => {
    const task = await world.task(await world.project());
    const grant = 'mutation ($input: GrantFollowInput!) { grantFollow(input: $input) { secret } }';
    const open = async (ms: number): Promise<Caller> => {
      const input = { taskId: task.id, expiresAt: new Date(Date.now() + ms).toISOString() };
      const { grantFollow } = await get(cluster.first, world.admin.caller, grant, { input });
      return { authorization: `Follow ${grantFollow.secret}` };
    };
    const [short, long] = [await open(1_500), await open(60_000)];
    expect(codeOf(await ask(cluster.last, short, FOLLOWED))).toBeNull();
    await until(async () => codeOf(await ask(cluster.last, short, FOLLOWED)) === 'UNAUTHENTICATED', 'the end');
    expect((await ask(cluster.last, short, FOLLOWED)).errors[0]?.extensions.reason).toBe('FOLLOW_INVALID');
    expect(codeOf(await ask(cluster.last, long, FOLLOWED))).toBeNull();
  });
});
