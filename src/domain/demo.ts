import type { MemberViewer } from '../auth/viewer.js';
import { Company } from '../entities/company.js';
import { exclusively } from '../entities/exclusively.js';
import type { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { User, UserIdentity } from '../entities/user.js';
import { ClosingPolicy, Level, Priority, Privacy, Role, TaskStatus, Visibility } from '../entities/vocabulary.js';
import { transactAs } from './actor.js';
import { addComment } from './comments.js';
import { foundCompany } from './companies.js';
import { type DemoCompany, demoCompanies, demoPeople } from './demo-data.js';
import { Lots } from './lots.js';
import { addMember } from './members.js';
import { createProject, setProjectPermission } from './projects.js';
import { assignTask, createTask, moveTask, updateTask } from './tasks.js';
import type { Parts } from './unit-of-work.js';

export { type DemoPerson, demoPeople } from './demo-data.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const people = new Map(demoPeople.map(({ subject, name, email }) => [subject, { name, email }]));

/**
 * Seeds two companies that look real; returns false and does nothing when any company exists. Of processes that seed at
 * once, one does.
 */
export const seedDemo = (parts: Parts): Promise<boolean> =>
  exclusively(parts.orm, async () => {
    if ((await parts.orm.em.fork().count(Company)) > 0) return false;
    for (const company of demoCompanies) await seedCompany(parts, company);
    return true;
  });

/**
 * Lets the demo people in by a development issuer whatever issuer they came by before: its name has the port in it, and
 * processes on several ports may serve one database.
 */
export const recogniseDemoPeople = (parts: Parts, issuer: string): Promise<void> =>
  exclusively(parts.orm, async () => {
    const em = parts.orm.em.fork();
    const users = await em.find(User, { email: { $in: demoPeople.map(({ email }) => email) } });
    const known = await em.find(UserIdentity, { issuer });
    for (const { subject, email } of demoPeople) {
      const user = users.find((candidate) => candidate.email === email);
      if (user && !known.some((identity) => identity.subject === subject))
        em.create(UserIdentity, { issuer, subject, user });
    }
    await em.flush();
  });

interface Actor {
  viewer: MemberViewer;
  isLicensed: boolean;
}

/** One company while it is acted out; people by subject, projects by key. */
interface Stage {
  parts: Parts;
  actors: ReadonlyMap<string, Actor>;
  workspaces: ReadonlyMap<string, { id: string; closingPolicy: ClosingPolicy }>;
  projectIds: Map<string, string>;
}

async function seedCompany(parts: Parts, company: DemoCompany): Promise<void> {
  const [[founder = ''] = [], ...others] = pairs(company.members);
  const { administrator, workspace } = await foundCompany(parts, company.name, get(people, founder));
  const first = actorOf(administrator);
  const actors = new Map([[founder, first]]);
  for (const [subject, word] of others) {
    const input = { ...get(people, subject), ...membershipOf(word) };
    actors.set(subject, actorOf((await addMember(parts, first.viewer, input)).result));
  }
  const workspaces = new Map([[workspace.name, workspace]]);
  for (const [name, policy] of pairs(company.workspaces)) {
    workspaces.set(name, await createWorkspace(parts, first.viewer, name, expectWord(ClosingPolicy, policy)));
  }
  const stage: Stage = { parts, actors, workspaces, projectIds: new Map() };
  const scripts = company.projects.map(readProject);
  const admins = [...actors.values()].filter(({ viewer }) => viewer.role === 'ADMIN');
  for (const [i, script] of scripts.entries()) {
    await setUpProject(stage, admins[i % admins.length] ?? first, script);
  }
  for (const script of scripts) await playProject(stage, script);
}

/** There is no function for it yet: written like one, so that history and log have it. */
async function createWorkspace(parts: Parts, viewer: MemberViewer, name: string, closingPolicy: ClosingPolicy) {
  const { result } = await transactAs(parts, viewer, {}, async ({ em, record }) => {
    const workspace = em.create(Workspace, { companyId: viewer.companyId, name, closingPolicy });
    record({ type: 'workspace.created', objectId: workspace.id, changes: { name: [null, name] } });
    return workspace;
  });
  return result;
}

async function setUpProject(stage: Stage, { viewer }: Actor, script: ProjectScript): Promise<void> {
  const { parts, actors, workspaces, projectIds } = stage;
  const { workspace, permissions, tasks: _, ...fields } = script;
  const input = { ...fields, workspaceId: get(workspaces, workspace).id };
  const { id: projectId } = (await createProject(parts, viewer, input)).result;
  projectIds.set(script.key, projectId);
  for (const { subject, level, asInternal } of permissions) {
    const { memberId } = get(actors, subject).viewer;
    await setProjectPermission(parts, viewer, { projectId, memberId, level, asInternal });
  }
}

/** One project while it is acted out. */
interface Scene extends Stage {
  script: ProjectScript;
  /** Here whoever is not the owner asks for the closure. */
  isOnRequest: boolean;
  manager: string;
  /** The internals with EDIT or more, and the externals who may be solvers. */
  editors: readonly string[];
  licensed: readonly string[];
  lots: Lots;
}

async function playProject(stage: Stage, script: ProjectScript): Promise<void> {
  const cast = script.permissions.map((permission) => ({
    ...permission,
    ...get(stage.actors, permission.subject),
  }));
  const subjects = (test: (one: (typeof cast)[number]) => boolean) => cast.filter(test).map(({ subject }) => subject);
  const [manager = ''] = subjects(({ level }) => level === 'MANAGE');
  const editors = subjects(({ level, viewer }) => /EDIT|MANAGE/.test(level) && viewer.membership === 'INTERNAL');
  const licensed = subjects(({ asInternal, isLicensed }) => asInternal && isLicensed);
  const isOnRequest = get(stage.workspaces, script.workspace).closingPolicy === 'ON_REQUEST';
  const lots = new Lots(script.key);
  const scene: Scene = { ...stage, script, isOnRequest, manager, editors, licensed, lots };
  let above = '';
  for (const [i, task] of script.tasks.entries()) {
    above = await playTask(scene, task, i / script.tasks.length, above);
  }
}

/** Returns the new task's id; `place` is where it stands in its project, from 0 up to 1. */
async function playTask(scene: Scene, script: TaskScript, place: number, above: string): Promise<string> {
  const { parts, actors, lots, projectIds } = scene;
  const { author, solver, status, isShared, fields } = castTask(scene, script, place);
  const as = (subject: string) => get(actors, subject).viewer;
  const { id } = (await createTask(parts, as(author), get(projectIds, scene.script.key), fields)).result;
  if (solver) await assignTask(parts, as(author), id, as(solver).memberId);
  const worker = solver ?? author;
  const awaited = {
    memberId: actors.get(script.awaited ?? '')?.viewer.memberId,
    projectId: projectIds.get(script.awaited ?? ''),
    taskId: above,
  };
  const move = (who: string, to: TaskStatus) => moveTask(parts, as(who), id, to, awaited);
  if (status !== 'NEW') await move(worker, 'IN_PROGRESS');
  for (const [i, { speaker, isPublic, body }] of script.talk.entries()) {
    await addComment(parts, as(speaker), id, body, isPublic || isShared ? 'PUBLIC' : null);
    // The owner's answer, which comes next, brings the task back.
    const isAnswered = status !== 'NEW' && speaker === worker && script.talk[i + 1]?.speaker === author;
    if (isAnswered && (body.includes('?') || lots.isDrawn(0.25))) await move(worker, 'AWAITING_OWNER');
  }
  const progressPercent = progressAt(status, lots);
  if (progressPercent > 0) await updateTask(parts, as(worker), id, { progressPercent });
  if (fields.dueOn && status === 'IN_PROGRESS' && lots.isDrawn(0.3)) {
    await updateTask(parts, as(author), id, { dueOn: dayAfter(new Date(fields.dueOn), lots.between(3, 14)) });
  }
  await settle(scene, { author, worker, status }, move);
  return id;
}

const REQUESTS: Partial<Record<TaskStatus, TaskStatus>> = {
  CLOSED: 'CLOSURE_REQUESTED',
  CANCELLED: 'CANCELLATION_REQUESTED',
};

/** Brings a task that was begun to where it stands today. */
async function settle(
  { isOnRequest, lots }: Scene,
  { author, worker, status }: { author: string; worker: string; status: TaskStatus },
  move: (who: string, to: TaskStatus) => Promise<unknown>,
): Promise<void> {
  const request = isOnRequest ? REQUESTS[status] : undefined;
  if (request) {
    await move(worker, request);
    if (lots.isDrawn(0.2)) {
      await move(author, 'IN_PROGRESS');
      await move(worker, request);
    }
  }
  if (status !== 'NEW' && status !== 'IN_PROGRESS') await move(request ? author : worker, status);
}

/** What the script says of a task and, where it is silent, the lots. */
function castTask({ script: { visibility }, actors, ...scene }: Scene, script: TaskScript, place: number) {
  const { editors, licensed, lots, manager } = scene;
  const speakers = script.talk.map(({ speaker }) => speaker);
  const isExternal = (subject = '') => actors.get(subject)?.viewer.membership === 'EXTERNAL';
  const isShared = [script.author, script.solver, script.awaited, ...speakers].some(isExternal);
  const isPublic = isShared || lots.isDrawn(PUBLIC_SHARE[visibility]);
  const privacy = script.privacy ?? (isPublic ? 'PUBLIC' : 'INTERNAL');
  const status = script.status ?? statusAt(place, speakers.length > 0, lots);
  const able = privacy === 'PUBLIC' ? [...editors, ...licensed] : editors;
  const spoke = (subject: string) => speakers.includes(subject);
  const drawn = status === 'NEW' && lots.isDrawn(0.4) ? null : lots.pick(...able);
  const solver = script.solver ?? speakers.find((one) => able.includes(one) && one !== script.author) ?? drawn;
  const others = editors.filter((subject) => subject !== solver);
  const usual = solver !== manager && (spoke(manager) || lots.isDrawn(0.6)) ? manager : null;
  const author = script.author ?? usual ?? others.find(spoke) ?? lots.pick(...others);
  return { author, solver, status, isShared, fields: { ...fieldsAt(place, status, script, lots), privacy } };
}

const PUBLIC_SHARE: Record<Visibility, number> = {
  MEMBERS: 0.35,
  INTERNAL: 0.15,
  EXTERNAL: 0.6,
  EVERYONE: 0.5,
};

/** What is old is mostly done, what lies ahead mostly new. */
function statusAt(place: number, isTalkedAbout: boolean, lots: Lots): TaskStatus {
  if (place < 0.42) return lots.isDrawn(0.85) ? 'CLOSED' : 'IN_PROGRESS';
  if (place > 0.7) return place < 0.8 && lots.isDrawn(0.5) ? 'IN_PROGRESS' : 'NEW';
  if (isTalkedAbout || lots.isDrawn(0.3)) return lots.isDrawn(0.7) ? 'IN_PROGRESS' : 'CLOSED';
  return lots.pick<TaskStatus>('AWAITING_OWNER', 'CLOSURE_REQUESTED', 'SUSPENDED', 'NEW');
}

function progressAt(status: TaskStatus, lots: Lots): number {
  if (status === 'NEW') return 0;
  if (status === 'CLOSED' || status === 'CLOSURE_REQUESTED') return 100;
  return 10 * (status === 'CANCELLED' ? lots.between(0, 3) : lots.between(1, 9));
}

function fieldsAt(place: number, status: TaskStatus, script: TaskScript, lots: Lots) {
  const today = new Date();
  const dueInDays = Math.round((place - 0.5) * 110) + lots.between(-6, 6);
  const startInDays = dueInDays - lots.between(3, 18);
  const [least, most] = status === 'NEW' ? [1, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, -3];
  const { title, description, priority = Object.values(Priority)[lots.between(0, 2) + lots.between(0, 2)] } = script;
  return {
    title,
    description,
    priority,
    startOn: lots.isDrawn(0.75) ? dayAfter(today, Math.min(most, startInDays)) : null,
    dueOn: lots.isDrawn(0.85) ? dayAfter(today, Math.max(least, dueInDays)) : null,
    estimateMinutes: lots.isDrawn(0.8) ? lots.pick(30, 60, 90, 120, 240, 360, 480, 960, 1_440, 2_400) : null,
  };
}

/** The date so many days later, on a Monday where it would be a weekend. */
function dayAfter(date: Date, days: number): string {
  const day = new Date(date.getTime() + days * DAY_MS);
  const toMonday = { 6: 2, 0: 1 }[day.getUTCDay()] ?? 0;
  return new Date(day.getTime() + toMonday * DAY_MS).toISOString().slice(0, 10);
}

type ProjectScript = ReturnType<typeof readProject>;

/** Reads a block as `demo-data.ts` describes it. */
function readProject(block: string) {
  const [head = '', rights = '', ...lines] = block.trim().split('\n');
  const [key = '', name = '', workspace = '', visible = '', description = ''] = head.split(' | ');
  const permissions = pairs(rights).map(([subject, level]) => ({
    subject: subject.replace('*', ''),
    level: expectWord(Level, level),
    asInternal: subject.endsWith('*'),
  }));
  const visibility = expectWord(Visibility, visible);
  return { key, name, workspace, visibility, description, permissions, tasks: lines.map(readTask) };
}

interface TaskScript {
  title: string;
  description: string;
  privacy?: Privacy;
  priority?: Priority;
  status?: TaskStatus;
  /** A person or a project. */
  awaited?: string;
  author?: string;
  solver?: string;
  talk: readonly { speaker: string; isPublic: boolean; body: string }[];
}

function readTask(line: string): TaskScript {
  const [head = '', description = '', ...comments] = line.split(' | ');
  const [, title = '', tags] = /^(.*?)(?: \[(.*)\])?$/.exec(head) ?? [];
  const talk = comments.map((comment) => {
    const [, speaker = '', mark, body = ''] = /^([a-z]+)( \(public\))?: (.+)$/.exec(comment) ?? [];
    return { speaker, isPublic: Boolean(mark), body };
  });
  const script: TaskScript = { title, description, talk };
  for (const [word, name] of tags ? pairs(tags) : []) {
    if (word === 'from') script.author = name;
    else if (word === 'for') script.solver = name;
    else if (word in Privacy) script.privacy = expectWord(Privacy, word);
    else if (word in Priority) script.priority = expectWord(Priority, word);
    else Object.assign(script, { status: expectWord(TaskStatus, word), awaited: name });
  }
  return script;
}

/** `a b, c d` as pairs; of more words the last one is the second, and one alone has none. */
const pairs = (text: string) =>
  text.split(', ').map((part): [string, string] => [part.replace(/ \S+$/, ''), / (\S+)$/.exec(part)?.[1] ?? '']);

function expectWord<T extends string>(words: { readonly [K in T]: K }, word: string): T {
  if (word in words) return word as T;
  throw new Error(`"${word}" is none of ${Object.keys(words).join(', ')}.`);
}

function get<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`The demo has no "${name}" here.`);
  return found;
}

function membershipOf(word: string) {
  const isLicensed = word === 'LICENSED';
  if (isLicensed || word === 'EXTERNAL') {
    return { role: 'MEMBER', kind: 'EXTERNAL', licensedAsInternal: isLicensed } as const;
  }
  return { role: expectWord(Role, word || 'MEMBER'), kind: 'INTERNAL' } as const;
}

function actorOf({ companyId, id: memberId, user, role, kind: membership, licensedAsInternal }: Member): Actor {
  const expiresAt = new Date(Date.now() + HOUR_MS);
  const viewer = {
    kind: 'MEMBER',
    companyId,
    userId: user.id,
    memberId,
    role,
    membership,
    expiresAt,
  } as const;
  return { viewer, isLicensed: licensedAsInternal };
}
