import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sealUnsubscription } from '../../src/auth/unsubscription.js';
import { inviteFollower } from '../../src/domain/follower-invitations.js';
import { endFollower, revokeFollow } from '../../src/domain/follows.js';
import { updateTask } from '../../src/domain/tasks.js';
import { Follower } from '../../src/entities/follower.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { readEvents } from '../../src/pubsub/event-log.js';
import { newId } from '../../src/schema/ids.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { BEHIND_PROXY, knock, newAddress } from './knocking.js';

interface Written {
  to: string;
  subject: string;
  text: string;
  html: string;
}

let cluster: Cluster;
let world: World;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster(BEHIND_PROXY);
  world = await World.found(cluster.parts, cluster.issuer, 'Fernholt & <Sons>');
  task = await world.task(await world.project(), { title: 'A bridge "for all"' });
}, 60_000);
afterAll(() => cluster?.stop());

const INVITE = `mutation ($input: InviteFollowerInput!) {
  inviteFollower(input: $input) { follower { id email confirmedAt endedAt } userErrors { field code } } }`;
const FACE = '{ followed { task { title } } }';
const newPerson = () => `${newId('user').slice(-12)}@example.com`;

async function invite(followId: string, email: string) {
  const answer = await get(cluster.first, world.admin.caller, INVITE, { input: { followId, email } });
  return answer.inviteFollower;
}

async function lettersTo(address: string, count = 1): Promise<Written[]> {
  const folder = join(cluster.database.dataDir, 'mail');
  const read = async () => {
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^letter_\w+\.json$/.test(name)).sort();
    const letters = await Promise.all(
      names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
    );
    return letters.filter(({ to }) => to === address) as Written[];
  };
  await until(async () => (await read()).length >= count, `letters to ${address}`);
  return read();
}

/** What is in the links of a letter. */
function linksOf({ text }: Written) {
  const renewal = /\/f\/invitation\/(\S+)/.exec(text)?.[1] ?? '';
  const unsubscribe = new URL(/\S+\/follow\/unsubscribe\/\S+/.exec(text)?.[0] ?? '').pathname;
  return { renewal, unsubscribe };
}

/** Somebody who was sent a letter by a follow. */
async function invited(options: Parameters<World['follow']>[1] = {}) {
  const follow = await world.follow(task, options);
  const email = newPerson();
  const { follower } = await invite(follow.id, email);
  const [letter = fail()] = await lettersTo(email);
  return { follow, email, id: follower.id as string, letter, ...linksOf(letter) };
}

function fail(): never {
  throw new Error('There is no letter.');
}

const statusOf = async (shown: object) => (await knock(cluster.last, shown)).status;
const look = async (id: string) => {
  const document = `{ node(id: "${id}") { ... on Follower { email invitedAt confirmedAt unsubscribedAt endedAt } } }`;
  return (await get(cluster.last, world.admin.caller, document)).node;
};
const post = (path: string, address = newAddress()) =>
  fetch(cluster.last.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': address },
    body: 'List-Unsubscribe=One-Click',
  });

describe('a letter to a follower', () => {
  it('tells what it is about, and what unsubscribes by one click, in its headers as well', async () => {
    const { letter, email, unsubscribe } = await invited();
    expect(letter).toMatchObject({ to: email, subject: 'Fernholt & <Sons>: A bridge "for all"' });
    expect(letter.html).toContain(
      'Fernholt &amp; &lt;Sons&gt; lets you follow &quot;A bridge &quot;for all&quot;&quot;',
    );
    const folder = join(cluster.database.dataDir, 'mail');
    const sources = await Promise.all(
      (await readdir(folder))
        .filter((name) => name.endsWith('.eml'))
        .map((name) => readFile(join(folder, name), 'utf8')),
    );
    const source =
      sources.map((text) => text.replaceAll(/\r\n[ \t]+/g, ' ')).find((text) => text.includes(email)) ?? '';
    expect(source).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
    const header = /^List-Unsubscribe: (.*)\r$/m.exec(source)?.[1]?.replaceAll(' ', '');
    expect(header).toBe(`<${cluster.first.url}${unsubscribe}>`);
  });

  it('opens nothing before it is confirmed, however often its link is looked at; then it is a way in', async () => {
    const { renewal, id } = await invited({ password: 'a password of the tests', maxFollowers: 1 });
    const page = await fetch(`${cluster.first.url}/f/invitation/${renewal}`);
    expect([page.status, page.headers.get('referrer-policy')]).toEqual([200, 'no-referrer']);
    for (let i = 0; i < 3; i += 1) expect(await statusOf({ renewal })).toBe(401);
    expect((await look(id)).confirmedAt).toBeNull();
    const { status, body } = await knock(cluster.first, { renewal, confirm: true });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['expiresAt', 'token']]);
    const { followed } = await get(cluster.last, { authorization: `Follow ${body.token}` }, FACE);
    expect(followed.task.title).toBe('A bridge "for all"');
    const { confirmedAt } = await look(id);
    expect(confirmedAt).toEqual(expect.any(String));
    for (const shown of [{ renewal }, { renewal, confirm: true }]) expect(await statusOf(shown)).toBe(200);
    expect((await look(id)).confirmedAt).toBe(confirmedAt);
  });

  it('takes a place when it is confirmed, by however many requests at once', async () => {
    const { follow, renewal } = await invited({ maxFollowers: 2 });
    const all = Array.from({ length: 6 }, (_, i) =>
      knock(i % 2 ? cluster.first : cluster.last, { renewal, confirm: true }),
    );
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(await statusOf({ secret: follow.secret })).toBe(200);
    expect(await statusOf({ secret: follow.secret })).toBe(401);
    expect((await invite(follow.id, newPerson())).userErrors).toEqual([{ field: null, code: 'FOLLOW_FULL' }]);
  });

  it('is not confirmed where others have taken the last place since, after a fortnight, or once the follow has ended', async () => {
    const [full, late, revoked] = [await invited({ maxFollowers: 1 }), await invited(), await invited()];
    expect(await statusOf({ secret: full.follow.secret })).toBe(200);
    const fortnightAgo = new Date(Date.now() - 15 * 86_400_000);
    await forkFor(cluster.parts.orm, { companyId: world.companyId }).nativeUpdate(
      Follower,
      { id: late.id },
      { invitedAt: fortnightAgo },
    );
    await revokeFollow(cluster.parts, world.admin.viewer, revoked.follow.id);
    const unknown = await knock(cluster.first, { renewal: `${full.renewal.slice(0, -4)}zzzz`, confirm: true });
    for (const { renewal } of [full, late, revoked]) {
      const { status, body } = await knock(cluster.first, { renewal, confirm: true });
      expect([status, body]).toEqual([401, unknown.body]);
    }
  });

  it('sent again is another one: the one before opens nothing, and who has confirmed need not again', async () => {
    const { follow, email, id, renewal } = await invited({ maxFollowers: 1 });
    expect(await statusOf({ renewal, confirm: true })).toBe(200);
    await endFollower(cluster.parts, world.admin.viewer, id);
    expect(await statusOf({ renewal })).toBe(401);
    expect((await invite(follow.id, ` ${email.toUpperCase()} `)).follower).toMatchObject({ id, email, endedAt: null });
    const letters = await lettersTo(email, 2);
    const again = linksOf(letters.at(-1) ?? fail());
    expect([await statusOf({ renewal }), await statusOf({ renewal: again.renewal })]).toEqual([401, 200]);
  });
});

describe('who unsubscribes', () => {
  it('does it by a POST, without signing in, and not by a GET; their way in and their sockets end, and their address is gone', async () => {
    const { follow, renewal, unsubscribe, email, id } = await invited();
    const { body } = await knock(cluster.first, { renewal, confirm: true });
    const socket = await RawSocket.open(cluster.first, { follow: body.token });
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await fetch(cluster.last.url + unsubscribe, { method });
      expect([status, headers.get('content-security-policy')]).toEqual([
        200,
        expect.stringContaining("form-action 'self'"),
      ]);
    }
    expect((await look(id)).unsubscribedAt).toBeNull();
    expect(await (await post(unsubscribe)).text()).toContain('unsubscribed');
    expect(await socket.closed).toMatchObject({ code: 4403, reason: 'ACCESS_ENDED' });
    expect(await look(id)).toMatchObject({
      email: null,
      unsubscribedAt: expect.any(String),
      endedAt: expect.any(String),
    });
    expect(await statusOf({ renewal })).toBe(401);
    expect((await post(unsubscribe)).status).toBe(200);
    expect((await invite(follow.id, email)).userErrors).toEqual([{ field: 'email', code: 'UNSUBSCRIBED' }]);
    expect(await lettersTo(email)).toHaveLength(1);
  });

  it('is sent no more about the same task or project, by whatever follow, and about others as before', async () => {
    for (const object of [task, await world.project('INTERNAL')]) {
      const [follow, another] = [await world.follow(object), await world.follow(object)];
      const elsewhere = await world.follow(await world.task(await world.project()));
      const email = newPerson();
      await invite(follow.id, email);
      await post(linksOf((await lettersTo(email))[0] ?? fail()).unsubscribe);
      for (const { id } of [follow, another])
        expect((await invite(id, email.toUpperCase())).userErrors).toEqual([{ field: 'email', code: 'UNSUBSCRIBED' }]);
      expect((await invite(elsewhere.id, email)).userErrors).toEqual([]);
      expect(await lettersTo(email, 2)).toHaveLength(2);
    }
  });

  it('may ask for it so many times a minute from one address', async () => {
    const address = newAddress();
    const statuses: number[] = [];
    for (let i = 0; i <= 150 && statuses.at(-1) !== 429; i += 1)
      statuses.push((await post('/follow/unsubscribe/nothing', address)).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
    const { headers } = await post('/follow/unsubscribe/nothing', address);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post('/follow/unsubscribe/nothing')).status).toBe(200);
  });

  it('is told the same by what is no letter’s, or altered, and nothing changes', async () => {
    const { unsubscribe, id } = await invited();
    const nobody = sealUnsubscription(cluster.parts.keyring, {
      companyId: world.companyId,
      followerId: newId('follower'),
    });
    const other = await World.found(cluster.parts, cluster.issuer);
    const moved = unsubscribe.replace(world.companyId.slice(8), other.companyId.slice(8));
    const said = await (await post(`/follow/unsubscribe/${nobody}`)).text();
    for (const path of [
      '/follow/unsubscribe/',
      '/follow/unsubscribe/nothing',
      moved,
      `${unsubscribe.slice(0, -2)}AA`,
    ]) {
      const answer = await post(path);
      expect([answer.status, await answer.text()]).toEqual([200, said]);
    }
    expect((await look(id)).unsubscribedAt).toBeNull();
  });
});

describe('no letter is posted', () => {
  it('to what is no address, by a follow that is over, of a task that is not public', async () => {
    const { id } = await world.follow(task);
    const over = await world.follow(task);
    await revokeFollow(cluster.parts, world.admin.viewer, over.id);
    const withdrawn = await world.task(await world.project());
    const hidden = await world.follow(withdrawn);
    await updateTask(cluster.parts, world.admin.viewer, withdrawn.id, { privacy: 'INTERNAL' });
    const codes = async (followId: string, email: string) => (await invite(followId, email)).userErrors;
    expect(await codes(id, 'a@b@c.example')).toEqual([{ field: 'email', code: 'ADDRESS' }]);
    expect(await codes(id, 'a@example.com\nBcc: b@example.com')).toEqual([{ field: 'email', code: 'ADDRESS' }]);
    expect(await codes(over.id, newPerson())).toEqual([{ field: 'followId', code: 'FOLLOW_OVER' }]);
    expect(await codes(hidden.id, newPerson())).toEqual([{ field: 'followId', code: 'OBJECT_NOT_PUBLIC' }]);
  });

  it('where no mail is set up', async () => {
    const { id: followId } = await world.follow(task);
    const parts = { ...cluster.parts, letterBox: null };
    const given = { followId, email: newPerson(), publicUrl: 'https://work.example.com' };
    await expect(inviteFollower(parts, world.admin.viewer, given)).rejects.toMatchObject({ reason: 'MAIL_NOT_SET_UP' });
  });
});

it('has no address in the log of events, the history and the audit log, and shows it to administrators only', async () => {
  const { email, id, renewal, unsubscribe } = await invited();
  await knock(cluster.first, { renewal, confirm: true });
  await post(unsubscribe);
  const { orm } = cluster.parts;
  const events = (await readEvents(orm, world.companyId, 0, 10_000)).filter(({ objectId }) => objectId === id);
  expect(events.map(({ type }) => type)).toEqual(['follower.invited', 'follower.entered', 'follower.unsubscribed']);
  const document = `query ($filter: AuditFilter) { auditLog(first: 10, filter: $filter) { nodes { action actorId details } } }`;
  const { nodes } = (await get(cluster.last, world.admin.caller, document, { filter: { objectId: { eq: id } } }))
    .auditLog;
  expect(nodes.map(({ action }: { action: string }) => action)).toEqual([
    'follower.unsubscribed',
    'follower.entered',
    'follower.invited',
  ]);
  expect(JSON.stringify([events, nodes])).not.toContain(email);
  const member = await world.member();
  const { errors } = await ask(cluster.first, member.caller, `{ node(id: "${id}") { ... on Follower { email } } }`);
  expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
});
