import type { ActingViewer } from '../../src/auth/viewer.js';
import { addComment } from '../../src/domain/comments.js';
import { grantFollow } from '../../src/domain/follows.js';
import { savePersonalView, updatePreferences } from '../../src/domain/personal.js';
import { createProject } from '../../src/domain/projects.js';
import { claimDomain, recordNameOf } from '../../src/domain/sso-domains.js';
import { saveProvider } from '../../src/domain/sso-providers.js';
import { assignTask, createTask, moveTask, type NewTask, updateTask } from '../../src/domain/tasks.js';
import type { Comment } from '../../src/entities/comment.js';
import type { Follow } from '../../src/entities/follow.js';
import { forkFor } from '../../src/entities/orm.js';
import { type Project, Workspace } from '../../src/entities/project.js';
import { type Row, selectRows } from '../../src/entities/rows.js';
import { SsoDomain, type SsoProvider } from '../../src/entities/single-sign-on.js';
import type { Task } from '../../src/entities/task.js';
import type { PersonalView } from '../../src/entities/user.js';
import { SCOPES } from '../../src/schema/scopes.js';
import { browserAt, callerIn, signIn } from '../harness/browser.js';
import { type Caller, get } from '../harness/client.js';
import type { Cluster } from '../harness/cluster.js';
import type { NameServer } from '../harness/name-server.js';
import { type Person, World } from '../harness/world.js';

/**
 * Every text that is planted carries one of these, after its company's name: what the company shows to those who work
 * in its open project; what only internal members see; what stands in a project that few see; what is private to its
 * author; what belongs to one user alone; and what stands in another company of the editor's.
 */
export type Secrecy = 'open' | 'inside' | 'hidden' | 'private' | 'personal' | 'elsewhere';

/** Those in whose name the cases ask. */
export type Who =
  | 'admin'
  | 'manager'
  | 'editor'
  | 'external'
  | 'solver'
  | 'outsider'
  | 'loner'
  | 'follower'
  | 'projectFollower'
  | 'program';

/** What each of them must not meet, of their own company; nobody ever meets anything of another one. */
export const WITHHELD: Record<Who, Secrecy[]> = {
  admin: ['private', 'personal', 'elsewhere'],
  manager: ['hidden', 'private', 'personal', 'elsewhere'],
  editor: ['hidden', 'private', 'personal', 'elsewhere'],
  outsider: ['hidden', 'private', 'personal', 'elsewhere'],
  solver: ['hidden', 'private', 'personal', 'elsewhere'],
  external: ['inside', 'hidden', 'private', 'personal', 'elsewhere'],
  loner: ['inside', 'hidden', 'private', 'personal', 'elsewhere'],
  follower: ['inside', 'hidden', 'private', 'personal', 'elsewhere'],
  projectFollower: ['inside', 'hidden', 'private', 'personal', 'elsewhere'],
  program: ['private', 'personal', 'elsewhere'],
};

export const markOf = (company: string, secrecy: Secrecy) => `xq-${company}-${secrecy}-xq`;

/** Whoever writes a task or a comment. */
type Author = { viewer: ActingViewer };

/** One company, filled so that whatever the API can name is there: once within reach of the cases' viewers, once not. */
export type Side = Awaited<ReturnType<typeof createSide>>;

export async function createSide(cluster: Cluster, name: 'ours' | 'theirs', names: NameServer) {
  const { parts, issuer } = cluster;
  const mark = (secrecy: Secrecy) => markOf(name, secrecy);
  const world = await World.found(parts, issuer, mark('open'));
  const { admin, companyId } = world;
  await forkFor(parts.orm, { companyId }).nativeUpdate(Workspace, { id: world.workspace.id }, { name: mark('inside') });

  const person = (what: string, secrecy: Secrecy, kind: 'INTERNAL' | 'EXTERNAL' = 'INTERNAL') =>
    world.member({ kind, name: `${mark(secrecy)} ${what}`, email: `${what}-${mark(secrecy)}@example.com` });
  const manager = await person('manager', 'open');
  const editor = await person('editor', 'open');
  const colleague = await person('colleague', 'open');
  const solver = await person('solver', 'open');
  const outsider = await person('outsider', 'inside');
  const insider = await person('insider', 'inside');
  const external = await person('external', 'open', 'EXTERNAL');
  const loner = await person('loner', 'open', 'EXTERNAL');

  const makeProject = async (key: string, secrecy: Secrecy): Promise<Project> => {
    const texts = { name: mark(secrecy), description: mark(secrecy) };
    return (await createProject(parts, admin.viewer, { workspaceId: world.workspace.id, key, ...texts })).result;
  };
  const makeTask = async (
    project: Project,
    author: Author,
    secrecy: Secrecy,
    fields: Partial<NewTask> = {},
  ): Promise<Row<Task>> => {
    const texts = { title: mark(secrecy), description: mark(secrecy) };
    return (await createTask(parts, author.viewer, project.id, { privacy: 'PUBLIC', ...fields, ...texts })).result;
  };
  const makeComment = async (
    task: Row<Task>,
    author: Author,
    secrecy: Secrecy,
    privacy: 'PUBLIC' | 'INTERNAL',
  ): Promise<Comment> => (await addComment(parts, author.viewer, task.id, mark(secrecy), privacy)).result;
  const makeFollow = async (task: Row<Task>): Promise<{ follow: Follow; secret: string }> =>
    (await grantFollow(parts, admin.viewer, { taskId: task.id }, { label: mark('inside') })).result;
  const makeView = (owner: Person, secrecy: Secrecy): Promise<PersonalView> =>
    savePersonalView(parts, owner.viewer.userId, { name: mark(secrecy), filter: { secret: mark(secrecy) } });

  // Within reach: the project of manager, editor, colleague and external.
  const project = await makeProject('OPEN', 'open');
  await world.grant(project, manager, 'MANAGE');
  for (const member of [editor, colleague, external]) await world.grant(project, member, 'EDIT');
  const task = await makeTask(project, admin, 'open');
  await assignTask(parts, admin.viewer, task.id, solver.member.id);
  const comment = await makeComment(task, editor, 'open', 'PUBLIC');
  const { follow, secret } = await makeFollow(task);
  const { id: followerId } = await world.enter(secret);
  const projectFollow = await world.follow(project);
  await world.enter(secret);
  const view = await makeView(editor, 'open');
  await updatePreferences(parts, editor.viewer.userId, { defaultViewId: view.id });

  // Within the same project, and still out of reach: somebody's private task, internal comments, internal tasks.
  const privateTask = await makeTask(project, colleague, 'private', { privacy: 'PRIVATE' });
  await assignTask(parts, colleague.viewer, privateTask.id, colleague.member.id);
  const privateComment = await makeComment(privateTask, colleague, 'private', 'PUBLIC');
  const confidedTask = await makeTask(project, admin, 'open');
  const internalComment = await makeComment(confidedTask, editor, 'inside', 'INTERNAL');
  await makeComment(confidedTask, editor, 'inside', 'INTERNAL');
  const internalProject = await makeProject('QUIET', 'open');
  for (const member of [editor, external]) await world.grant(internalProject, member, 'EDIT');
  const internalTask = await makeTask(internalProject, admin, 'inside', { privacy: 'INTERNAL' });
  await makeTask(internalProject, admin, 'inside', { privacy: 'INTERNAL' });

  // Out of reach: a project of the insider's, and what is one colleague's own.
  const hiddenProject = await makeProject('HIDDEN', 'hidden');
  await world.grant(hiddenProject, insider, 'EDIT');
  const hiddenTask = await makeTask(hiddenProject, insider, 'hidden');
  const hiddenComment = await makeComment(hiddenTask, insider, 'hidden', 'PUBLIC');
  const { follow: hiddenFollow } = await makeFollow(hiddenTask);
  const colleaguesView = await makeView(colleague, 'personal');
  await updatePreferences(parts, colleague.viewer.userId, { defaultViewId: colleaguesView.id });

  /** Signs somebody in, in one browser more. */
  const sessionOf = async ({ email }: Person, secrecy: Secrecy): Promise<string> => {
    const fresh = browserAt(cluster.first, { userAgent: mark(secrecy) });
    const browser = await signIn(cluster.first, issuer, email, fresh);
    const { sessions } = await get(cluster.first, callerIn(browser), '{ sessions { id isCurrent } }');
    return sessions.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent).id;
  };
  const editorsSession = await sessionOf(editor, 'open');
  const colleaguesSession = await sessionOf(colleague, 'personal');

  const { id: keyId, viewer: key, caller: program } = await world.key(SCOPES, { name: mark('open') });
  const keysTask = await makeTask(project, { viewer: key }, 'open', { ownerId: admin.member.id });
  const keysComment = await makeComment(keysTask, { viewer: key }, 'open', 'PUBLIC');
  // Invitations of the company's own, and what others offer to its people.
  const invitation = await world.invite(`invited-${mark('inside')}@example.com`);
  let invited = 0;
  const freshInvitation = async (): Promise<string> => {
    invited += 1;
    return (await world.invite(`invited-${invited}-${mark('open')}@example.com`)).id;
  };
  const offerTo = async ({ email }: Person, secrecy: Secrecy): Promise<string> =>
    (await (await World.found(parts, issuer, mark(secrecy))).invite(email)).id;
  const solversOffer = await offerTo(solver, 'open');
  const colleaguesOffer = await offerTo(colleague, 'personal');

  const elsewhere = await World.found(parts, issuer, mark('elsewhere'));
  await elsewhere.member({ email: editor.email, role: 'ADMIN' });
  const elsewhereTask = await elsewhere.task(await elsewhere.project(), { title: mark('elsewhere') });

  // Tasks within reach that point out of it.
  const awaitsProject = await makeTask(project, admin, 'open');
  await moveTask(parts, admin.viewer, awaitsProject.id, 'AWAITING_PROJECT', { projectId: hiddenProject.id });
  const awaitsTask = await makeTask(project, admin, 'open');
  await moveTask(parts, admin.viewer, awaitsTask.id, 'AWAITING_TASK', { taskId: hiddenTask.id });
  const awaitsEditor = await makeTask(project, admin, 'open');
  await moveTask(parts, admin.viewer, awaitsEditor.id, 'AWAITING_MEMBER', { memberId: editor.member.id });

  // A follow whose task has become its author's alone.
  const withdrawnTask = await makeTask(project, colleague, 'private');
  const { follow: withdrawnFollow } = await makeFollow(withdrawnTask);
  await updateTask(parts, colleague.viewer, withdrawnTask.id, { privacy: 'PRIVATE' });

  // For administrators alone: the company's own sign-in.
  const freshDomain = async (): Promise<SsoDomain> => {
    const named = `${mark('inside')}.example`;
    const [before] = await selectRows({ orm: parts.orm, companyId }, SsoDomain, 'domain = ?', [named]);
    const found = before ?? (await claimDomain(parts, admin.viewer, named)).result;
    names.texts.set(recordNameOf(found.domain), [found.challenge]);
    return found;
  };
  const freshProvider = async (): Promise<SsoProvider> =>
    (await saveProvider(parts, admin.viewer, { issuer: issuer.url, clientId: mark('inside') })).result;
  const [ssoDomain, ssoProvider] = [await freshDomain(), await freshProvider()];

  const follower: Caller = { authorization: `Follow ${secret}` };
  const callers: Record<Who, Caller> = {
    admin: admin.caller,
    manager: manager.caller,
    editor: editor.caller,
    external: external.caller,
    solver: solver.caller,
    outsider: outsider.caller,
    loner: loner.caller,
    follower,
    projectFollower: projectFollow.caller,
    program,
  };

  return {
    parts,
    companyId,
    workspaceId: world.workspace.id,
    callers,
    people: { admin, manager, editor, colleague, solver, outsider, insider, external, loner },
    project,
    projectFollow,
    task,
    comment,
    follow,
    followerId,
    view,
    keyId,
    keysTask,
    keysComment,
    privateTask,
    privateComment,
    confidedTask,
    internalComment,
    internalProject,
    internalTask,
    hiddenProject,
    hiddenTask,
    hiddenComment,
    hiddenFollow,
    colleaguesView,
    editorsSession,
    colleaguesSession,
    invitation,
    solversOffer,
    colleaguesOffer,
    elsewhereId: elsewhere.companyId,
    elsewhereTask,
    awaitsProject,
    awaitsTask,
    awaitsEditor,
    withdrawnFollow,
    ssoDomain,
    ssoProvider,
    /** Of the same name as long as it is there. */
    freshDomain,
    freshProvider,
    /** An open task of the project, for a case that changes it. */
    freshTask: () => makeTask(project, admin, 'open'),
    /** Of the editor's. */
    freshSession: () => sessionOf(editor, 'open'),
    freshInvitation,
    /** A company's to the outsider. */
    freshOffer: () => offerTo(outsider, 'open'),
    freshMember: () => world.member({ name: mark('open') }),
    freshSupport: () => world.support(),
    supportId: (await world.support()).id,
    freshKey: () => world.key(['TASKS_READ'], { name: mark('open') }),
    freshFollower: async () => (await world.enter(secret)).id,
    freshFollow: async () => (await makeFollow(task)).follow,
  };
}
