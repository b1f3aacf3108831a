import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { followTokens } from '../../src/auth/follow-token.js';
import { endFollower, grantFollow, revokeFollow } from '../../src/domain/follows.js';
import { Follow } from '../../src/entities/follow.js';
import { Follower } from '../../src/entities/follower.js';
import { LastUse } from '../../src/entities/last-use.js';
import { forkFor } from '../../src/entities/orm.js';
import { findRows, type Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { BEHIND_PROXY, enter, knock, newAddress } from './knocking.js';

const PASSWORD = 'a password of the tests';
const FACE = '{ followed { id task { title } } }';
const CHANGES = 'subscription { followedChanged { kind task { title } } }';

let cluster: Cluster;
let world: World;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster(BEHIND_PROXY);
  world = await World.found(cluster.parts, cluster.issuer);
  task = await world.task(await world.project(), { title: 'Seen from outside' });
}, 60_000);
afterAll(() => cluster?.stop());

const rows = () => forkFor(cluster.parts.orm, { companyId: world.companyId });
const unknownSecret = () => `${world.companyId.slice('company_'.length)}.${'x'.repeat(43)}`;
const reasonOf = async (caller: Caller) => (await ask(cluster.last, caller, FACE)).errors[0]?.extensions.reason;
const followerOf = (token: string) => followTokens(cluster.parts.keyring).read(token)?.content.followerId ?? '';

/** What a client can tell one refusal from another by. */
async function told(shown: object) {
  const { status, body, headers } = await knock(cluster.first, shown);
  const names = [...headers.keys()].filter((name) => name !== 'date').sort();
  return { status, body, names, remaining: headers.get('ratelimit-remaining') };
}

describe('a link', () => {
  it('is given for a token, which is good on every process, over HTTP and WebSocket', async () => {
    const { secret } = await world.follow(task);
    const { status, body, headers } = await knock(cluster.first, { secret });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['expiresAt', 'renewal', 'token']]);
    expect(headers.get('cache-control')).toBe('no-store');
    const left = new Date(body.expiresAt).getTime() - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    const { followed } = await get(cluster.last, { authorization: `Follow ${body.token}` }, FACE);
    expect(followed.task.title).toBe('Seen from outside');
    const stream = listen(cluster.last, { follow: body.token }, CHANGES);
    await stream.until(({ kind }) => kind === 'READY');
    await stream.stop();
  });

  it('was used when it is given for a token, and nothing is asked with that', async () => {
    const { id: objectId, secret } = await world.follow(task);
    const used = async () => (await rows().find(LastUse, { objectId })).map(({ usedAt }) => usedAt.getTime());
    expect(await used()).toEqual([]);
    const { token } = await enter(cluster.first, { secret });
    await until(async () => (await used()).length > 0, 'its last use');
    expect(Math.abs(Date.now() - ((await used())[0] ?? 0))).toBeLessThan(10_000);
    expect(await rows().count(LastUse, { objectId: followerOf(token) })).toBe(1);
  });

  it('ends with the follow where that is sooner', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { secret } = await world.follow(task, { expiresAt });
    expect((await knock(cluster.first, { secret })).body.expiresAt).toBe(expiresAt.toISOString());
  });

  it('is good by itself only where the door asks and counts nothing', async () => {
    expect(await reasonOf((await world.follow(task)).caller)).toBeUndefined();
    for (const options of [{ password: PASSWORD }, { maxFollowers: 5 }])
      expect(await reasonOf((await world.follow(task, options)).caller)).toBe('FOLLOW_INVALID');
  });
});

describe('a password', () => {
  it('opens the link to whoever types it, on whatever keyboard', async () => {
    const { secret } = await world.follow(task, { password: 'příliš žluťoučký' });
    expect((await knock(cluster.first, { secret, password: 'příliš žluťoučký'.normalize('NFD') })).status).toBe(200);
    expect((await knock(cluster.last, { secret, password: 'prilis zlutoucky' })).status).toBe(401);
  });

  it('has 8 to 128 characters, and no other grant is made', async () => {
    for (const password of ['1234567', 'x'.repeat(129), ''])
      await expect(
        grantFollow(cluster.parts, world.admin.viewer, { taskId: task.id }, { password }),
      ).rejects.toMatchObject({
        code: 'PASSWORD_LENGTH',
        field: 'password',
      });
    for (const password of ['12345678', '😀'.repeat(128)])
      expect(
        (await grantFollow(cluster.parts, world.admin.viewer, { taskId: task.id }, { password })).seq,
      ).toBeGreaterThan(0);
  });

  it('is kept as argon2id of what the server’s own key has been put into', async () => {
    const { id } = await world.follow(task, { password: PASSWORD });
    const { passwordHash } = await rows().findOneOrFail(Follow, { id });
    expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const { verify } = await import('@node-rs/argon2');
    expect(await verify(String(passwordHash), PASSWORD)).toBe(false);
  });

  it('costs as much at a link that leads nowhere', async () => {
    const { secret } = await world.follow(task, { password: PASSWORD });
    /** The processor's time that it takes at least, whatever else the machine has to do. */
    const costOf = async (link: string) => {
      const costs = [];
      for (let i = 0; i < 7; i += 1) {
        const before = process.cpuUsage();
        await expect(world.enter(link, 'not the password')).rejects.toMatchObject({ reason: 'FOLLOW_INVALID' });
        const { user, system } = process.cpuUsage(before);
        costs.push(user + system);
      }
      return Math.min(...costs);
    };
    const wrong = await costOf(secret);
    for (const link of [unknownSecret(), 'no link']) expect(await costOf(link)).toBeGreaterThan(wrong / 2);
  });
});

describe('what does not open', () => {
  it('is one answer, whatever the reason', async () => {
    const [guarded, full, revoked, expired] = [
      await world.follow(task, { password: PASSWORD }),
      await world.follow(task, { maxFollowers: 1 }),
      await world.follow(task),
      await world.follow(task, { expiresAt: new Date(Date.now() + 60_000) }),
    ];
    await enter(cluster.first, { secret: full.secret });
    await revokeFollow(cluster.parts, world.admin.viewer, revoked.id);
    await rows().nativeUpdate(Follow, { id: expired.id }, { expiresAt: new Date(Date.now() - 1) });
    const elsewhere = `${'0'.repeat(26)}.${'x'.repeat(43)}`;
    const links = [guarded.secret, full.secret, revoked.secret, expired.secret, unknownSecret(), elsewhere, 'no link'];
    const withPassword = await Promise.all(links.map((secret) => told({ secret, password: 'not the password' })));
    const without = await Promise.all(links.map((secret) => told({ secret })));
    expect(withPassword[0]).toMatchObject({
      status: 401,
      body: { errors: [{ message: 'This link does not lead anywhere.', extensions: { reason: 'FOLLOW_INVALID' } }] },
    });
    for (const one of withPassword) expect(one).toEqual(withPassword[0]);
    for (const one of without) expect({ ...one, remaining: null }).toEqual({ ...withPassword[0], remaining: null });
  });

  it.each<[string, object | string, object, number]>([
    ['nothing', {}, {}, 400],
    ['both ways at once', { secret: 'a', renewal: 'b' }, {}, 400],
    ['what is no text', { secret: 1 }, {}, 400],
    ['what is no JSON', '{', {}, 400],
    ['a form', 'secret=a', { contentType: 'application/x-www-form-urlencoded' }, 400],
    ['JSON that is sent as text', '{"secret":"a"}', { contentType: 'text/plain' }, 400],
    ['what is too large', { secret: 'a'.repeat(5_000) }, {}, 413],
    ['a password that is too long to be one', { secret: 'a', password: 'b'.repeat(1_025) }, {}, 400],
    ['a page of another site', { secret: 'a' }, { origin: 'https://elsewhere.example' }, 403],
    ['another method', {}, { method: 'GET' }, 405],
  ])('is %s', async (_what, shown, options, status) => {
    expect((await knock(cluster.first, shown, options)).status).toBe(status);
  });
});

describe('a number of followers', () => {
  it('is not passed by those who come at once, on all processes', async () => {
    const { id, secret } = await world.follow(task, { maxFollowers: 3, password: PASSWORD });
    const many = Array.from({ length: 12 }, (_, i) => (i % 2 ? cluster.first : cluster.last));
    const answers = await Promise.all(many.map((node) => knock(node, { secret, password: PASSWORD })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...Array(9).fill(401)]);
    const { orm } = cluster.parts;
    expect(await findRows({ orm, companyId: world.companyId }, Follower, { follow: id })).toHaveLength(3);
  });

  it('is not made room in by putting somebody out', async () => {
    const { secret } = await world.follow(task, { maxFollowers: 1 });
    const { token } = await enter(cluster.first, { secret });
    await endFollower(cluster.parts, world.admin.viewer, followerOf(token));
    expect((await knock(cluster.first, { secret })).status).toBe(401);
  });

  it.each([0, -1, 1_000_001])('is not %s', async (maxFollowers) => {
    await expect(
      grantFollow(cluster.parts, world.admin.viewer, { taskId: task.id }, { maxFollowers }),
    ).rejects.toMatchObject({
      code: 'MAX_FOLLOWERS',
    });
  });
});

describe('a token', () => {
  it('is renewed for the same follower, without the link and its password', async () => {
    const { secret } = await world.follow(task, { password: PASSWORD, maxFollowers: 1 });
    const { token, renewal } = await enter(cluster.first, { secret, password: PASSWORD });
    const { status, body } = await knock(cluster.last, { renewal });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['expiresAt', 'token']]);
    expect(followerOf(body.token)).toBe(followerOf(token));
    expect(await reasonOf({ authorization: `Follow ${body.token}` })).toBeUndefined();
  });

  it('is not renewed for who was put out, whose follow was revoked, or who was away for a month', async () => {
    const gone = await Promise.all([0, 1, 2].map(() => world.follower(task)));
    await endFollower(cluster.parts, world.admin.viewer, gone[0]?.id ?? '');
    await revokeFollow(cluster.parts, world.admin.viewer, gone[1]?.follow.id ?? '');
    const monthAgo = new Date(Date.now() - 31 * 86_400_000);
    await rows().nativeUpdate(Follower, { id: gone[2]?.id ?? '' }, { createdAt: monthAgo });
    const unknown = await told({ renewal: unknownSecret() });
    expect(unknown).toMatchObject({ status: 401, body: { errors: [{ extensions: { reason: 'FOLLOW_INVALID' } }] } });
    for (const { renewal } of gone) expect(await told({ renewal })).toEqual(unknown);
  });

  it('is renewed as long as it was used within a month, however long ago its follower came', async () => {
    const [recent, idle, fresh] = [await world.follower(task), await world.follower(task), await world.follower(task)];
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
    const { companyId } = world;
    for (const [{ id }, days] of [
      [recent, 29],
      [idle, 31],
    ] as const) {
      await rows().nativeUpdate(Follower, { id }, { createdAt: daysAgo(90) });
      await rows().upsertMany(LastUse, [{ companyId, objectId: id, usedAt: daysAgo(days) }]);
    }
    // Of who has not come back yet, it is when they came.
    await rows().nativeUpdate(Follower, { id: fresh.id }, { createdAt: daysAgo(29) });
    const statuses = [];
    for (const { renewal } of [recent, idle, fresh]) statuses.push((await knock(cluster.last, { renewal })).status);
    expect(statuses).toEqual([200, 401, 200]);
  });

  it('is worth nothing when it is another’s, altered or over', async () => {
    const { follow, id, caller } = await world.follower(task);
    const other = await World.found(cluster.parts, cluster.issuer);
    const { keyring } = cluster.parts;
    const said = { companyId: world.companyId, followId: follow.id, followerId: id };
    const tokens = followTokens(keyring);
    const later = new Date(Date.now() + 60_000);
    expect(await reasonOf({ authorization: `Follow ${tokens.make(said, new Date())}` })).toBe('TOKEN_EXPIRED');
    const token = String(caller.authorization).slice('Follow '.length);
    const moved = tokens.make({ ...said, companyId: other.companyId }, later);
    const altered = token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA');
    const ofAnotherFollow = { ...said, followId: (await world.follow(task)).id };
    const forged = [moved, altered, tokens.make(ofAnotherFollow, later)];
    for (const one of forged) expect(await reasonOf({ authorization: `Follow ${one}` })).toBe('FOLLOW_INVALID');
  });

  it('closes its socket when it ends, within a second, and not when a fresh one of the same follower has come', async () => {
    const { follow, id } = await world.follower(task);
    const { keyring } = cluster.parts;
    const seal = (ms: number, followerId = id) => {
      const expiresAt = new Date(Date.now() + ms);
      return followTokens(keyring).make({ companyId: world.companyId, followId: follow.id, followerId }, expiresAt);
    };
    const end = Date.now() + 1_500;
    const [left, renewed, stranger] = [
      await RawSocket.open(cluster.first, { follow: seal(1_500) }),
      await RawSocket.open(cluster.first, { follow: seal(1_500) }),
      await RawSocket.open(cluster.first, { follow: seal(60_000) }),
    ];
    renewed.send({ type: 'ping', payload: { follow: seal(60_000) } });
    expect(await renewed.next('pong')).toMatchObject({ payload: { expiresAt: expect.any(String) } });
    stranger.send({ type: 'ping', payload: { follow: (await world.enter(follow.secret)).token } });
    expect(await stranger.closed).toMatchObject({ code: 4401, reason: 'ANOTHER_VIEWER' });
    const { code, at } = await left.closed;
    expect([code, at - end < 1_000]).toEqual([4410, true]);
    renewed.subscribe('1', CHANGES, {});
    expect(await renewed.next('next', '1')).toMatchObject({
      payload: { data: { followedChanged: { kind: 'READY' } } },
    });
    renewed.ws.terminate();
  });
});

describe('how often one may knock', () => {
  it('is counted for an address and its neighbours, and said', async () => {
    const network = newAddress('').slice(0, -2);
    const shown = { secret: unknownSecret(), password: 'not the password' };
    const first = await knock(cluster.first, shown, { address: `${network}::1` });
    expect([first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual(['120', '116']);
    for (let i = 2; i <= 30; i += 1)
      await knock(cluster.first, { ...shown, secret: `x${i}` }, { address: `${network}::${i}` });
    const refused = await knock(cluster.last, shown, { address: `${network}:1:2:3:4` });
    expect([refused.status, refused.body.errors[0].extensions.reason]).toEqual([429, 'RATE_LIMIT']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect((await knock(cluster.first, shown)).status).toBe(401);
  });

  it.each(['that leads somewhere', 'that leads nowhere'])(
    'is counted for a link %s: a hundred wrong passwords',
    async (which) => {
      const { secret } = await world.follow(task, { password: PASSWORD });
      const link = which === 'that leads nowhere' ? `${secret.slice(0, -4)}zzzz` : secret;
      const tries = () =>
        Promise.all(Array.from({ length: 20 }, () => knock(cluster.first, { secret: link, password: 'wrong' })));
      const statuses = [];
      for (let i = 0; i < 5; i += 1) statuses.push(...(await tries()).map(({ status }) => status));
      expect(new Set(statuses)).toEqual(new Set([401]));
      expect((await knock(cluster.first, { secret: link, password: PASSWORD })).status).toBe(429);
    },
    30_000,
  );

  it('is not used up by passwords that are right', async () => {
    const { secret } = await world.follow(task, { password: PASSWORD });
    for (let i = 0; i < 11; i += 1) {
      const all = Array.from({ length: 10 }, () => knock(cluster.first, { secret, password: PASSWORD }));
      expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]));
    }
  }, 30_000);
});

describe('the audit log', () => {
  const logOf = async (filter: object, count: number, { caller } = world.admin) => {
    const document = `query ($filter: AuditFilter) { auditLog(first: 50, filter: $filter) { nodes { action reason actorId objectId details address } } }`;
    const read = async () => (await get(cluster.last, caller, document, { filter })).auditLog.nodes;
    await until(async () => (await read()).length >= count, 'entries');
    return read();
  };

  it('has who came in, once, and who was put out, by ids', async () => {
    const { id: followId, secret } = await world.follow(task);
    const { token, renewal, ...caller } = await enter(cluster.first, { secret });
    await knock(cluster.first, { renewal });
    await get(cluster.first, caller, FACE);
    const objectId = followerOf(token);
    await endFollower(cluster.parts, world.admin.viewer, objectId);
    const entries = await logOf({ objectId: { eq: objectId } }, 2);
    expect(entries).toMatchObject([
      { action: 'follower.ended', actorId: world.admin.member.id, details: { followId } },
      {
        action: 'follower.entered',
        actorId: objectId,
        details: { followId },
        address: expect.stringContaining('2001:db8'),
      },
    ]);
  });

  it('has which link was tried with a wrong password, many times as one, and which was full', async () => {
    const other = await World.found(cluster.parts, cluster.issuer);
    const { id } = await other.task(await other.project());
    const [guarded, full] = [
      await other.follow({ id }, { password: PASSWORD }),
      await other.follow({ id }, { maxFollowers: 1 }),
    ];
    const address = newAddress();
    for (let i = 0; i < 5; i += 1) {
      const shown = { secret: guarded.secret, password: 'wrong' };
      await knock(cluster.first, shown, { address });
      await knock(cluster.first, { secret: guarded.secret }, { address });
      await knock(cluster.first, { secret: full.secret }, { address });
    }
    const entries = await logOf({ action: { eq: 'access' } }, 2, other.admin);
    const summed = entries.map(({ reason, actorId }: Record<string, string>) => [reason, actorId]).sort();
    expect(summed).toEqual([
      ['FOLLOW_FULL', full.id],
      ['FOLLOW_PASSWORD', guarded.id],
    ]);
    expect(entries[0].address).toBe(address);
  });
});
