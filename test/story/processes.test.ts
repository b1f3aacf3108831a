import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { MemberViewer } from '../../src/auth/viewer.js';
import { deactivateMember } from '../../src/domain/members.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Company } from '../../src/entities/company.js';
import { Follow } from '../../src/entities/follow.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import {
  CreateTaskDocument,
  FirstProjectDocument,
  TasksHeardDocument,
  WhatIFollowDocument,
  WhoAmIDocument,
} from '../generated/documents.js';
import { type Caller, get, listen } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { until } from '../harness/until.js';

interface DemoFile {
  graphqlUrl: string;
  people: { token: string; companies: { id: string; role: string }[] }[];
  followers: { companyId: string; token: string }[];
}

/** As `npm start` has it, but for the port. */
const AS_STARTED = { DEV_ISSUER: 'on', SEED_DEMO: 'on', SECRET_KEY: '', OIDC_ISSUERS: '' };

describe('processes of `npm start` on one database', () => {
  let database: TestDatabase;
  let issuer: TestIssuer;
  let parts: Parts | undefined;
  const nodes: Node[] = [];
  const start = async (env: NodeJS.ProcessEnv = {}) => {
    const node = await startNode(database, issuer, { ...AS_STARTED, ...env });
    nodes.push(node);
    return node;
  };
  beforeAll(async () => {
    database = await createDatabase();
    issuer = await startIssuer();
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await closeParts(parts);
    await issuer?.stop();
    await database?.drop();
  });

  /** The file once it is of this node. */
  async function demoOf(node: Node, publicUrl = node.url): Promise<DemoFile> {
    const file = join(database.dataDir, 'demo.json');
    let demo: DemoFile | undefined;
    await until(async () => {
      demo = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
      return demo?.graphqlUrl === `${publicUrl}/graphql`;
    }, 'demo.json');
    return demo as DemoFile;
  }
  const callerOf = ({ people: [first] }: DemoFile): Caller => ({
    authorization: `Bearer ${first?.token}`,
    companyId: first?.companies[0]?.id,
  });

  it('start at once on an empty one, and fill it once', async () => {
    const started = await Promise.all([start(), start()]);
    parts = await openParts(database);
    expect(await parts.orm.em.fork().count(Company)).toBe(2);
    const file = join(database.dataDir, 'demo.json');
    await until(async () => (await stat(file).catch(() => null)) !== null, 'demo.json');
    const demo: DemoFile = JSON.parse(await readFile(file, 'utf8'));
    const own = started.find(({ url }) => decodeJwt(demo.people[0]?.token ?? '').iss === `${url}/dev-issuer`);
    expect((await get(own as Node, callerOf(demo), WhoAmIDocument)).viewer.member).toBeTruthy();
  }, 120_000);

  it('let the demo people in as the same persons, on whatever port they run', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2; i += 1) {
      const node = await start();
      seen.add((await get(node, callerOf(await demoOf(node)), WhoAmIDocument)).viewer.user.id);
    }
    expect(seen.size).toBe(1);
  }, 120_000);

  it('are one installation when they share PUBLIC_URL and DATA_DIR', async () => {
    const one = await start();
    const demo = await demoOf(one);
    const other = await start({ PUBLIC_URL: one.url });
    const caller = callerOf(demo);
    expect(await get(other, caller, WhoAmIDocument)).toEqual(await get(one, caller, WhoAmIDocument));
    const follower = { authorization: `Follow ${demo.followers[0]?.token}` };
    expect(await get(other, follower, WhatIFollowDocument)).toEqual(await get(one, follower, WhatIFollowDocument));

    const { projects } = await get(one, caller, FirstProjectDocument);
    const project = projects.nodes[0]?.id ?? '';
    const stream = listen(other, caller, TasksHeardDocument, { project });
    await stream.until(({ kind }) => kind === 'READY');
    await get(one, caller, CreateTaskDocument, { input: { projectId: project, title: 'Heard elsewhere' } });
    await stream.until(({ task }) => task?.title === 'Heard elsewhere');
    await stream.stop();
  }, 120_000);

  it('write a demo.json that begins with an administrator, also when the first one has been deactivated', async () => {
    if (!parts) throw new Error('Nothing was started.');
    const node = await start();
    const before = await demoOf(node);
    const [companyId = ''] = before.people[0]?.companies.map(({ id }) => id) ?? [];
    const { viewer } = await get(node, callerOf(before), WhoAmIDocument);
    const em = forkFor(parts.orm, { companyId });
    const other = await em.findOneOrFail(Member, {
      role: 'ADMIN',
      deactivatedAt: null,
      id: { $ne: viewer.member?.id ?? '' },
    });
    await deactivateMember(parts, viewerOf(other), viewer.member?.id ?? '');

    const { people, followers } = await demoOf(await start());
    expect(people[0]?.companies[0]).toMatchObject({ role: 'ADMIN' });
    expect(people).toHaveLength(before.people.length);
    const [follower] = followers;
    const fork = forkFor(parts.orm, { companyId: follower?.companyId });
    const [newest] = await fork.find(Follow, {}, { orderBy: { id: 'desc' }, limit: 1, populate: ['grantedBy'] });
    expect(newest?.grantedBy.getEntity()).toMatchObject({ role: 'ADMIN', deactivatedAt: null });
  }, 120_000);
});

const viewerOf = ({ companyId, id: memberId, user, role, kind: membership }: Member): MemberViewer => ({
  kind: 'MEMBER',
  companyId,
  userId: user.id,
  memberId,
  role,
  membership,
  expiresAt: null,
});
