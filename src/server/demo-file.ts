import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { activeMemberships } from '../auth/authenticate.js';
import type { MemberViewer } from '../auth/viewer.js';
import { demoPeople } from '../domain/demo.js';
import { grantFollow } from '../domain/follows.js';
import type { Parts } from '../domain/unit-of-work.js';
import { Company } from '../entities/company.js';
import type { Member } from '../entities/member.js';
import { forkFor } from '../entities/orm.js';
import { Task } from '../entities/task.js';
import { User } from '../entities/user.js';
import type { DevIssuer } from './dev-issuer.js';

const TOKEN_SECONDS = 7 * 24 * 60 * 60;

interface Place {
  dataDir: string;
  publicUrl: string;
}

/**
 * Writes `demo.json`: fresh tokens of the demo people and a fresh follow, so that curl, scripts and clients can start
 * at once. Returns its path, or null when the database is not the demo's.
 */
export async function writeDemoFile(
  parts: Parts,
  issuer: DevIssuer,
  { dataDir, publicUrl }: Place,
): Promise<string | null> {
  const people = [];
  let admin: Member | undefined;
  for (const person of demoPeople) {
    const user = await parts.orm.em.fork().findOne(User, { email: person.email });
    if (!user) return null;
    const memberships = byRole(await activeMemberships(parts.orm, user.id));
    const administered = memberships.find(({ role }) => role === 'ADMIN');
    const entry = {
      ...person,
      token: await issuer.mintToken(person, TOKEN_SECONDS),
      companies: await companiesOf(parts, memberships),
    };
    // Whoever is an administrator today comes first: the one of the seeding may have been deactivated.
    if (administered && !admin) people.unshift(entry);
    else people.push(entry);
    admin ??= administered;
  }
  if (!admin) return null;
  const demo = {
    graphqlUrl: `${publicUrl}/graphql`,
    wsUrl: `${publicUrl.replace(/^http/, 'ws')}/graphql`,
    people: people.map(({ name, email, token, companies }) => ({ name, email, token, companies })),
    followers: await freshFollow(parts, admin, publicUrl),
  };
  const file = join(dataDir, 'demo.json');
  // A draft of its own: another process may write at the same time.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
  return file;
}

/** Those that somebody administers first. */
const byRole = (memberships: readonly Member[]): Member[] =>
  memberships.toSorted((a, b) => Number(b.role === 'ADMIN') - Number(a.role === 'ADMIN'));

async function companiesOf(parts: Parts, memberships: readonly Member[]) {
  const em = parts.orm.em.fork();
  const companies = [];
  for (const { companyId, role, kind } of memberships) {
    companies.push({ id: companyId, name: (await em.findOneOrFail(Company, { id: companyId })).name, role, kind });
  }
  return companies;
}

/** A follow of a public task that is under way, granted by the administrator as anybody else would. */
async function freshFollow(parts: Parts, admin: Member, publicUrl: string) {
  const { companyId } = admin;
  const expiresAt = new Date(Date.now() + TOKEN_SECONDS * 1000);
  const viewer: MemberViewer = {
    kind: 'MEMBER',
    companyId,
    userId: admin.user.id,
    memberId: admin.id,
    role: admin.role,
    membership: admin.kind,
    expiresAt,
  };
  const where = { privacy: 'PUBLIC', status: 'IN_PROGRESS' } as const;
  const task = await forkFor(parts.orm, { companyId }).findOne(Task, where, { orderBy: { id: 'asc' } });
  if (!task) return [];
  const { result } = await grantFollow(parts, viewer, { taskId: task.id }, { label: 'Demo follower', expiresAt });
  return [
    { url: `${publicUrl}/f/${result.secret}`, token: result.secret, objectKind: 'TASK', objectId: task.id, companyId },
  ];
}
