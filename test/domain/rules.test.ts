import { beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { grantFollow } from '../../src/domain/follows.js';
import { addMember, deactivateMember } from '../../src/domain/members.js';
import { createProject, setProjectPermission } from '../../src/domain/projects.js';
import { assignTask, createTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { withOwnParts } from '../harness/own-parts.js';
import { type Person, World } from '../harness/world.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
let project: Project;
let internal: Person;
let external: Person;
beforeAll(async () => {
  world = await World.found(parts, null);
  project = await world.project();
  internal = await world.member();
  external = await world.external({ licensedAsInternal: true });
  await world.grant(project, internal, 'EDIT');
  await world.grant(project, external, 'EDIT', { asInternal: true });
}, 60_000);

/** What the act is refused with. */
const refusal = (act: Promise<unknown>): Promise<{ code?: string; field?: string } | null> =>
  act.then(
    () => null,
    (error) => error,
  );

describe('administrators', () => {
  it('go as long as another one stays; the last one stays', async () => {
    const own = await World.found(parts, null);
    const second = await own.member({ role: 'ADMIN' });
    const leave = ({ viewer, member }: Person) => deactivateMember(parts, viewer, member.id);
    expect((await leave(second)).result.deactivatedAt).toBeInstanceOf(Date);
    expect(await refusal(leave(own.admin))).toMatchObject({ code: 'LAST_ADMINISTRATOR', field: 'memberId' });
    const third = await own.member({ role: 'ADMIN' });
    expect((await leave(own.admin)).result.deactivatedAt).toBeInstanceOf(Date);
    expect(await refusal(leave(third))).toMatchObject({ code: 'LAST_ADMINISTRATOR' });
  });

  it('deactivate nobody once they are deactivated themselves', async () => {
    const own = await World.found(parts, null);
    const second = await own.member({ role: 'ADMIN' });
    const [one, another] = [await own.member(), await own.member()];
    await deactivateMember(parts, second.viewer, one.member.id);
    await deactivateMember(parts, own.admin.viewer, second.member.id);
    expect(await refusal(deactivateMember(parts, second.viewer, another.member.id))).toMatchObject({
      reason: 'ACCESS_ENDED',
    });
  });

  it('who deactivate each other at once do not both succeed', async () => {
    for (let round = 0; round < 10; round += 1) {
      const own = await World.found(parts, null);
      const second = await own.member({ role: 'ADMIN' });
      const outcomes = await Promise.allSettled([
        deactivateMember(parts, own.admin.viewer, second.member.id),
        deactivateMember(parts, second.viewer, own.admin.member.id),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const left = { role: 'ADMIN', deactivatedAt: null } as const;
      expect(await forkFor(parts.orm, own).count(Member, left)).toBe(1);
    }
  });
});

describe('a task', () => {
  it('is not changed by who has read an older version', async () => {
    const task = await world.task(project);
    const rename = async (title: string, version: number | null) =>
      (await updateTask(parts, internal.viewer, task.id, { title }, version)).result.version;
    const next = await rename('first', task.version);
    expect(next).toBeGreaterThan(task.version);
    expect(await refusal(rename('second', task.version))).toMatchObject({ code: 'VERSION_CONFLICT', field: 'version' });
    expect(await rename('second', next)).toBeGreaterThan(next);
    await rename('third', null);
  });

  it('is solved, and waited for, by active members only', async () => {
    const person = await world.member();
    const assign = async () =>
      assignTask(parts, internal.viewer, (await world.task(project)).id, person.member.id).then(
        ({ result }) => result.solver?.id,
      );
    const wait = async () => {
      const { id } = await world.task(project);
      const moved = await moveTask(parts, internal.viewer, id, 'AWAITING_MEMBER', { memberId: person.member.id });
      return moved.result.awaitedMember?.id;
    };
    expect([await assign(), await wait()]).toEqual([person.member.id, person.member.id]);
    await deactivateMember(parts, world.admin.viewer, person.member.id);
    expect(await refusal(assign())).toMatchObject({ code: 'MEMBER_DEACTIVATED', field: 'solverId' });
    expect(await refusal(wait())).toMatchObject({ code: 'MEMBER_DEACTIVATED', field: 'awaitedMemberId' });
  });

  it('is followed until a time to come, or without an end', async () => {
    const task = await world.task(project);
    const follow = async (expiresAt: Date | null) =>
      (await grantFollow(parts, world.admin.viewer, { taskId: task.id }, { expiresAt })).result.follow.expiresAt;
    const soon = new Date(Date.now() + 60_000);
    expect(await refusal(follow(new Date(Date.now() - 1_000)))).toMatchObject({
      code: 'EXPIRY_PAST',
      field: 'expiresAt',
    });
    expect([await follow(soon), await follow(null)]).toEqual([soon, null]);
  });

  it('is followed while it is public', async () => {
    const follow = async (privacy: 'PUBLIC' | 'INTERNAL') =>
      grantFollow(parts, world.admin.viewer, { taskId: (await world.task(project, { privacy })).id }, {});
    expect(await refusal(follow('INTERNAL'))).toMatchObject({ code: 'OBJECT_NOT_PUBLIC', field: 'taskId' });
    expect((await follow('PUBLIC')).result.secret).toEqual(expect.any(String));
  });
});

describe('an external member', () => {
  it('is neither administrator nor supervisor', async () => {
    let people = 0;
    const add = async (kind: 'INTERNAL' | 'EXTERNAL', role: 'ADMIN' | 'SUPERVISOR' | 'MEMBER') => {
      people += 1;
      const email = `new-${people}@example.com`;
      const { result } = await addMember(parts, world.admin.viewer, { email, name: 'New', role, kind });
      return [result.kind, result.role];
    };
    for (const role of ['ADMIN', 'SUPERVISOR'] as const) {
      expect(await refusal(add('EXTERNAL', role))).toMatchObject({ code: 'EXTERNAL_ROLE', field: 'role' });
      expect(await add('INTERNAL', role)).toEqual(['INTERNAL', role]);
    }
    expect(await add('EXTERNAL', 'MEMBER')).toEqual(['EXTERNAL', 'MEMBER']);
  });

  it('gets EDIT at most', async () => {
    const grant = ({ member }: Person, level: 'EDIT' | 'MANAGE') =>
      setProjectPermission(parts, world.admin.viewer, { projectId: own.id, memberId: member.id, level });
    const own = await world.project();
    expect(await refusal(grant(external, 'MANAGE'))).toMatchObject({ code: 'EXTERNAL_LEVEL', field: 'level' });
    await grant(external, 'EDIT');
    expect(await refusal(grant(external, 'MANAGE'))).toMatchObject({ code: 'EXTERNAL_LEVEL' });
    await grant(internal, 'MANAGE');
  });

  it('manages no project', async () => {
    let projects = 0;
    const create = async ({ member }: Person) => {
      projects += 1;
      const place = { workspaceId: world.workspace.id, key: `MAN${projects}`, name: 'Managed' };
      const { result } = await createProject(parts, world.admin.viewer, { ...place, managerId: member.id });
      return result.manager.id;
    };
    expect(await refusal(create(external))).toMatchObject({ code: 'MANAGER_EXTERNAL', field: 'managerId' });
    expect(await create(internal)).toBe(internal.member.id);
  });

  it('writes public comments only', async () => {
    const task = await world.task(project);
    const comment = async ({ viewer }: Person, privacy?: 'PUBLIC' | 'INTERNAL') =>
      (await addComment(parts, viewer, task.id, 'A word', privacy)).result.privacy;
    expect(await refusal(comment(external, 'INTERNAL'))).toMatchObject({
      code: 'EXTERNALS_PUBLIC_ONLY',
      field: 'privacy',
    });
    expect([await comment(external, 'PUBLIC'), await comment(external)]).toEqual(['PUBLIC', 'PUBLIC']);
    expect([await comment(internal, 'INTERNAL'), await comment(internal)]).toEqual(['INTERNAL', 'INTERNAL']);
  });

  it('creates public tasks only', async () => {
    const create = async ({ viewer }: Person, privacy?: 'PUBLIC' | 'INTERNAL' | 'PRIVATE') =>
      (await createTask(parts, viewer, project.id, { title: 'New', privacy })).result.privacy;
    for (const privacy of ['INTERNAL', 'PRIVATE'] as const) {
      expect(await refusal(create(external, privacy))).toMatchObject({
        code: 'EXTERNALS_PUBLIC_ONLY',
        field: 'privacy',
      });
      expect(await create(internal, privacy)).toBe(privacy);
    }
    expect([await create(external, 'PUBLIC'), await create(external)]).toEqual(['PUBLIC', 'PUBLIC']);
    expect(await create(internal)).toBe('INTERNAL');
  });

  it('leaves public what is public', async () => {
    const task = await world.task(project);
    const hide = async ({ viewer }: Person) =>
      (await updateTask(parts, viewer, task.id, { privacy: 'INTERNAL' })).result.privacy;
    expect(await refusal(hide(external))).toMatchObject({ code: 'EXTERNALS_PUBLIC_ONLY', field: 'privacy' });
    expect(await hide(internal)).toBe('INTERNAL');
  });
});
