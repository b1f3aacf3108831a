import type { MemberViewer } from '../auth/viewer.js';
import type { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { Task } from '../entities/task.js';
import { UserError } from '../errors.js';
import { transactAs } from './actor.js';
import { endInvitations } from './end-invitations.js';
import { expectExternalRole, expectKnown, holdMember, recordMember } from './members.js';
import { expectName } from './texts.js';
import type { Changes, Done, Parts } from './unit-of-work.js';

type Footing = Pick<Member, 'role' | 'kind' | 'licensedAsInternal'>;
/** The company's own words for a member; null takes one away. */
type Profile = Pick<Member, 'displayName' | 'title'>;
/** What a member is to be; what is absent stays as it is. */
export type MemberFields = { [K in keyof Footing]?: Footing[K] | null } & Profile;

/**
 * Changes what somebody is in the company; it holds at once for all that they have open. Who becomes external, or loses the
 * licence, gives away first what they could not be then: a manager, a solver, or named in what they would not see. What
 * somebody offers as an administrator ends with that.
 */
export function updateMember(
  parts: Parts,
  viewer: MemberViewer,
  memberId: string,
  wanted: MemberFields,
): Promise<Done<Member>> {
  return transactAs(parts, viewer, {}, async (work) => {
    const { member, isLastAdmin } = await holdMember(work.em, viewer, memberId);
    expectKnown(member);
    const after = footingAfter(member, wanted);
    expectExternalRole(after);
    if (isLastAdmin && after.role !== 'ADMIN')
      throw new UserError('LAST_ADMINISTRATOR', 'The last administrator stays one.', 'role');
    if (after.kind === 'EXTERNAL') await expectNothingInternal(work.em, member, after, 'kind');
    const changes: Changes = {};
    for (const name of ['role', 'kind', 'licensedAsInternal'] as const)
      if (member[name] !== after[name]) changes[name] = [member[name], after[name]];
    const profile = profileChanges(member, wanted);
    const named = Object.keys(profile);
    if (Object.keys(changes).length + named.length === 0) return member;
    Object.assign(member, after, profile);
    // What somebody is called is no matter for an audit log, which keeps it for ever: it has that it was changed.
    recordMember(work, 'member.updated', member, changes, named.length > 0 ? { profile: named } : {});
    if (changes.role && after.role !== 'ADMIN') await endInvitations(work, { invitedBy: { id: member.id } });
    return member;
  });
}

/** The words that are to be others. Throws a UserError for one that says nothing, or too much. */
function profileChanges(member: Member, wanted: Profile): Profile {
  const changes: Profile = {};
  for (const name of ['displayName', 'title'] as const) {
    const word = wanted[name];
    if (word === undefined || word === (member[name] ?? null)) continue;
    changes[name] = word === null ? null : expectName(word.trim(), 'A member', name);
  }
  return changes;
}

function footingAfter(member: Member, { role, kind, licensedAsInternal }: MemberFields): Footing {
  const newKind = kind ?? member.kind;
  const isLicensed = newKind === 'EXTERNAL' && (licensedAsInternal ?? member.licensedAsInternal);
  return { role: role ?? member.role, kind: newKind, licensedAsInternal: isLicensed };
}

/**
 * Throws a UserError for who is something that they could not be afterwards. Their row is held: who gives them such a thing
 * meanwhile waits, and sees what they have become.
 */
export async function expectNothingInternal(
  em: EntityManager,
  member: Member,
  after: Footing,
  field?: string,
): Promise<void> {
  const me = { id: member.id };
  const becomesExternal = member.kind === 'INTERNAL';
  const losesLicence = member.licensedAsInternal && !after.licensedAsInternal;
  if ((becomesExternal || losesLicence) && (await em.count(Task, { solver: me, closedAt: null })) > 0)
    throw new UserError('STILL_A_SOLVER', 'This member solves open tasks: give these to somebody else first.', field);
  if (!becomesExternal) return;
  if ((await em.count(Project, { manager: me })) > 0)
    throw new UserError('STILL_A_MANAGER', 'This member manages projects: give these to somebody else first.', field);
  const named = { closedAt: null, privacy: { $ne: 'PUBLIC' as const } };
  if ((await em.count(Task, { ...named, $or: [{ owner: me }, { awaitedMember: me }] })) > 0)
    throw new UserError('STILL_NAMED', 'This member is named in open tasks that externals do not see.', field);
}
