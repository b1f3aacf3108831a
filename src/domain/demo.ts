import type { MemberViewer } from '../auth/viewer.js';
import { Company } from '../entities/company.js';
import type { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { ClosingPolicy, Level, MembershipKind, Priority, Privacy, Role, TaskStatus, Visibility } from '../entities/vocabulary.js';
import { memberActor } from './actor.js';
import { addComment } from './comments.js';
import { foundCompany } from './companies.js';
import { type DemoCompany, demoCompanies, demoPeople } from './demo-data.js';
import { addMember } from './members.js';
import { createProject, setProjectPermission } from './projects.js';
import { type Awaited, assignTask, createTask, moveTask, type TaskFields, updateTask } from './tasks.js';
import { type Parts, transact } from './unit-of-work.js';

export { type DemoPerson, demoPeople } from './demo-data.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Seeds two companies that look real; returns false and does nothing when any company exists. */
export async function seedDemo(parts: Parts): Promise<boolean> {
  if ((await parts.orm.em.fork().count(Company)) > 0) return false;
  for (const company of demoCompanies) await seedCompany(parts, company);
  return true;
}

interface Actor {
  viewer: MemberViewer;
  isLicensed: boolean;
}

/** One company while it is acted out. */
interface Stage {
  parts: Parts;
  actors: ReadonlyMap<string, Actor>;
  workspaces: ReadonlyMap<string, { id: string; closingPolicy: ClosingPolicy }>;
  /** The ids of the projects, by key. */
  projects: Map<string, string>;
}

async function seedCompany(parts: Parts, company: DemoCompany): Promise<void> {
  const [[founder = ''] = [], ...others] = pairs(company.members);
  const { administrator, workspace } = await foundCompany(parts, company.name, personOf(founder));
  const first = actorOf(administrator);
  const actors = new Map([[founder, first]]);
  for (const [subject, word] of others) {
    const { result } = await addMember(parts, first.viewer, { ...personOf(subject), ...membershipOf(word) });
    actors.set(subject, actorOf(result));
  }
  const workspaces = new Map([[workspace.name, workspace]]);
  for (const [name, word] of pairs(company.workspaces)) {
    workspaces.set(name, await createWorkspace(parts, first.viewer, name, expectWord(ClosingPolicy, word)));
  }
  const stage: Stage = { parts, actors, workspaces, projects: new Map() };
  const scripts = company.projects.map(readProject);
  const admins = [...actors.values()].filter(({ viewer }) => viewer.role === 'ADMIN');
  for (const [i, script] of scripts.entries()) await setUpProject(stage, admins[i % admins.length] ?? first, script);
  for (const script of scripts) await playProject(stage, script);
}

/** There is no function for it yet: written like one, so that history and log have it. */
async function createWorkspace(parts: Parts, viewer: MemberViewer, name: string, closingPolicy: ClosingPolicy): Promise<Workspace> {
  const { result } = await transact(parts, memberActor(viewer), async ({ em, record }) => {
    const workspace = em.create(Workspace, { companyId: viewer.companyId, name, closingPolicy });
    record({ type: 'workspace.created', objectId: workspace.id, changes: { name: [null, name] } });
    return workspace;
  });
  return result;
}

async function setUpProject({ parts, actors, workspaces, projects }: Stage, admin: Actor, script: ProjectScript): Promise<void> {
  const { key, name, description, visibility } = script;
  const workspaceId = get(workspaces, script.workspace).id;
  const { result: project } = await createProject(parts, admin.viewer, { workspaceId, key, name, description, visibility });
  projects.set(key, project.id);
  for (const [subject, { level, asInternal }] of script.permissions) {
    const { memberId } = get(actors, subject).viewer;
    await setProjectPermission(parts, admin.viewer, { projectId: project.id, memberId, level, asInternal });
  }
}

/** Draws lots that fall alike at every seeding (mulberry32). */
class Lots {
  #state: number;

  constructor(name: string) {
    this.#state = [...name].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  isDrawn(chance: number): boolean {
    return this.next() < chance;
  }
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }
  pick<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)] as T;
  }
}

/** One project while it is acted out. */
interface Scene extends Stage {
  script: ProjectScript;
  projectId: string;
  /** Whoever is not the owner asks for the closure here. */
  isOnRequest: boolean;
  manager: string;
  /** The internals with EDIT or more, and the externals who may be solvers. */
  editors: readonly string[];
  licensed: readonly string[];
  lots: Lots;
}

async function playProject(stage: Stage, script: ProjectScript): Promise<void> {
  const permissions = [...script.permissions];
  const isExternal = (subject: string) => get(stage.actors, subject).viewer.membership === 'EXTERNAL';
  const scene: Scene = {
    ...stage,
    script,
    projectId: get(stage.projects, script.key),
    isOnRequest: get(stage.workspaces, script.workspace).closingPolicy === 'ON_REQUEST',
    manager: permissions.find(([, { level }]) => level === 'MANAGE')?.[0] ?? '',
    editors: permissions.filter(([subject, { level }]) => /EDIT|MANAGE/.test(level) && !isExternal(subject)).map(([subject]) => subject),
    licensed: permissions.filter(([subject, { asInternal }]) => asInternal && get(stage.actors, subject).isLicensed).map(([subject]) => subject),
    lots: new Lots(script.key),
  };
  let above = '';
  for (const [i, task] of script.tasks.entries()) above = await playTask(scene, task, i / script.tasks.length, above);
}

/** What the script says of a task and, where it is silent, the lots. */
interface Part {
  author: string;
  solver: string | null;
  status: TaskStatus;
  /** An external takes part. */
  isShared: boolean;
  fields: TaskFields & { title: string };
}

/** Returns the new task's id. */
async function playTask(scene: Scene, script: TaskScript, place: number, above: string): Promise<string> {
  const { parts, actors, projectId, lots } = scene;
  const part = cast(scene, script, place);
  const { author, solver, status, fields } = part;
  const as = (subject: string) => get(actors, subject).viewer;
  const { id } = (await createTask(parts, as(author), projectId, fields)).result;
  if (solver) await assignTask(parts, as(author), id, as(solver).memberId);
  const worker = solver ?? author;
  const move = async (who: string, to: TaskStatus, awaited: Awaited = {}) => void (await moveTask(parts, as(who), id, to, awaited));
  if (status !== 'NEW') await move(worker, 'IN_PROGRESS');
  for (const [i, { speaker, isPublic, body }] of script.talk.entries()) {
    await addComment(parts, as(speaker), id, body, isPublic || part.isShared ? 'PUBLIC' : null);
    const isAsked = status !== 'NEW' && speaker === worker && body.endsWith('?') && script.talk[i + 1]?.speaker === author;
    if (isAsked) await move(worker, 'AWAITING_OWNER');
  }
  const progressPercent = progressAt(status, lots);
  if (progressPercent > 0) await updateTask(parts, as(worker), id, { progressPercent });
  if (fields.dueOn && status === 'IN_PROGRESS' && lots.isDrawn(0.3)) {
    await updateTask(parts, as(author), id, { dueOn: dayAfter(new Date(fields.dueOn), lots.between(3, 14)) });
  }
  await settle(scene, script, part, above, move);
  return id;
}

/** Brings a task that was begun to where it stands today. */
async function settle(
  { actors, projects, isOnRequest, manager, lots }: Scene,
  { awaited = '' }: TaskScript,
  { author, solver, status }: Part,
  above: string,
  move: (who: string, to: TaskStatus, awaited?: Awaited) => Promise<void>,
): Promise<void> {
  const worker = solver ?? author;
  switch (status) {
    case 'NEW':
    case 'IN_PROGRESS':
      return;
    case 'CLOSED':
    case 'CANCELLED': {
      const request = status === 'CLOSED' ? 'CLOSURE_REQUESTED' : 'CANCELLATION_REQUESTED';
      if (!isOnRequest) return move(worker, status);
      await move(worker, request);
      if (lots.isDrawn(0.2)) {
        await move(author, 'IN_PROGRESS');
        await move(worker, request);
      }
      return move(author, status);
    }
    case 'AWAITING_MEMBER':
      return move(worker, status, { memberId: get(actors, awaited).viewer.memberId });
    case 'AWAITING_PROJECT':
      return move(manager, status, { projectId: get(projects, awaited) });
    case 'AWAITING_TASK':
      return move(worker, status, { taskId: above });
    default:
      return move(worker, status);
  }
}

function cast(scene: Scene, script: TaskScript, place: number): Part {
  const { actors, editors, licensed, lots, manager } = scene;
  const speakers = script.talk.map(({ speaker }) => speaker);
  const isExternal = (subject: string | undefined) => actors.get(subject ?? '')?.viewer.membership === 'EXTERNAL';
  const isShared = [script.author, script.solver, script.awaited, ...speakers].some(isExternal);
  const publicShare = { MEMBERS: 0.35, INTERNAL: 0.15, EXTERNAL: 0.6, EVERYONE: 0.5 }[scene.script.visibility];
  const privacy = script.privacy ?? (isShared || lots.isDrawn(publicShare) ? 'PUBLIC' : 'INTERNAL');
  const status = script.status ?? statusAt(place, speakers.length > 0, lots);
  const able = (privacy === 'PUBLIC' ? [...editors, ...licensed] : editors).filter((subject) => subject !== script.author);
  const spoke = (subject: string) => speakers.includes(subject);
  const drawn = status === 'NEW' && lots.isDrawn(0.4) ? null : lots.pick(able);
  const solver = script.solver ?? speakers.find((subject) => able.includes(subject)) ?? drawn;
  const others = editors.filter((subject) => subject !== solver);
  const usual = solver !== manager && (spoke(manager) || lots.isDrawn(0.6)) ? manager : undefined;
  const author = script.author ?? usual ?? others.find(spoke) ?? lots.pick(others);
  return { author, solver, status, isShared, fields: { ...fieldsAt(place, status, script, lots), privacy } };
}

/** What is old is mostly done, what lies ahead mostly new. */
function statusAt(place: number, isTalkedAbout: boolean, lots: Lots): TaskStatus {
  if (place < 0.42) return lots.isDrawn(0.85) ? 'CLOSED' : 'IN_PROGRESS';
  if (place > 0.7) return lots.isDrawn(0.8) ? 'NEW' : 'IN_PROGRESS';
  if (isTalkedAbout) return lots.pick(['IN_PROGRESS', 'IN_PROGRESS', 'CLOSED'] as const);
  return lots.pick(['IN_PROGRESS', 'IN_PROGRESS', 'AWAITING_OWNER', 'CLOSURE_REQUESTED', 'SUSPENDED', 'NEW'] as const);
}

function progressAt(status: TaskStatus, lots: Lots): number {
  if (status === 'NEW') return 0;
  if (status === 'CLOSED' || status === 'CLOSURE_REQUESTED') return 100;
  return 10 * lots.between(0, status === 'CANCELLED' ? 3 : 9);
}

const PRIORITIES = ['LOWEST', 'LOW', 'LOW', 'NORMAL', 'NORMAL', 'NORMAL', 'NORMAL', 'NORMAL', 'HIGH', 'HIGH', 'HIGHEST'] as const;
const ESTIMATES_MINUTES = [30, 60, 90, 120, 180, 240, 360, 480, 720, 960, 1_440, 2_400];

function fieldsAt(place: number, status: TaskStatus, { title, description, ...script }: TaskScript, lots: Lots): Part['fields'] {
  const today = new Date();
  const dueInDays = Math.round((place - 0.5) * 110) + lots.between(-6, 6);
  const startInDays = dueInDays - lots.between(3, 18);
  const dueOn = lots.isDrawn(0.85) ? dayAfter(today, status === 'NEW' ? Math.max(1, dueInDays) : dueInDays) : null;
  const startOn = lots.isDrawn(0.75) ? dayAfter(today, startInDays) : null;
  const estimateMinutes = lots.isDrawn(0.8) ? lots.pick(ESTIMATES_MINUTES) : null;
  const priority = script.priority ?? lots.pick(PRIORITIES);
  return { title, description, priority, startOn, dueOn, estimateMinutes };
}

/** The date so many days later, on a Monday where it would be a weekend. */
function dayAfter(date: Date, days: number): string {
  const day = new Date(date.getTime() + days * DAY_MS);
  const toMonday = { 6: 2, 0: 1 }[day.getUTCDay()] ?? 0;
  return new Date(day.getTime() + toMonday * DAY_MS).toISOString().slice(0, 10);
}

interface ProjectScript {
  key: string;
  name: string;
  workspace: string;
  visibility: Visibility;
  description: string;
  permissions: ReadonlyMap<string, { level: Level; asInternal: boolean }>;
  tasks: readonly TaskScript[];
}

interface TaskScript {
  title: string;
  description: string;
  privacy?: Privacy;
  priority?: Priority;
  status?: TaskStatus;
  awaited?: string;
  author?: string;
  solver?: string;
  talk: readonly { speaker: string; isPublic: boolean; body: string }[];
}

/** Reads a block as `demo-data.ts` describes it. */
function readProject(block: string): ProjectScript {
  const [head = '', people = '', ...lines] = block.trim().split('\n');
  const [key = '', name = '', workspace = '', visibility = '', description = ''] = head.split(' | ');
  const permissions = pairs(people).map(([subject, level]): [string, { level: Level; asInternal: boolean }] => [
    subject.replace('*', ''),
    { level: expectWord(Level, level), asInternal: subject.endsWith('*') },
  ]);
  const rights = { visibility: expectWord(Visibility, visibility), permissions: new Map(permissions) };
  return { key, name, workspace, description, ...rights, tasks: lines.map(readTask) };
}

function readTask(line: string): TaskScript {
  const [head = '', description = '', ...comments] = line.split(' | ');
  const [, title = '', tags] = /^(.*?)(?: \[(.*)\])?$/.exec(head) ?? [];
  const talk = comments.map((comment) => {
    const [, speaker, mark, body] = /^([a-z]+)( \(public\))?: (.+)$/.exec(comment) ?? [];
    if (!speaker || !body) throw new Error(`Nobody says this: ${comment}`);
    return { speaker, isPublic: Boolean(mark), body };
  });
  const script: TaskScript = { title, description, talk };
  for (const [word, name] of tags ? pairs(tags) : []) {
    if (word === 'from') script.author = name;
    else if (word === 'for') script.solver = name;
    else if (word in Privacy) script.privacy = word as Privacy;
    else if (word in Priority) script.priority = word as Priority;
    else Object.assign(script, { status: expectWord(TaskStatus, word), awaited: name });
  }
  return script;
}

/** `a b, c d` as pairs; of more words the last one is the second, and one alone has none. */
const pairs = (text: string): [string, string][] =>
  text.split(', ').map((part) => [part.replace(/ \S+$/, ''), / (\S+)$/.exec(part)?.[1] ?? '']);

function expectWord<T extends string>(words: { readonly [K in T]: K }, word: string): T {
  if (word in words) return word as T;
  throw new Error(`${word} is none of ${Object.keys(words).join(', ')}.`);
}

function get<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`The demo has no ${name} here.`);
  return found;
}

function personOf(subject: string) {
  const person = demoPeople.find((one) => one.subject === subject);
  if (!person) throw new Error(`The demo has no ${subject}.`);
  return { name: person.name, email: person.email };
}

function membershipOf(word: string) {
  if (word === 'EXTERNAL' || word === 'LICENSED') {
    return { role: Role.MEMBER, kind: MembershipKind.EXTERNAL, licensedAsInternal: word === 'LICENSED' };
  }
  return { role: word ? expectWord(Role, word) : Role.MEMBER, kind: MembershipKind.INTERNAL };
}

function actorOf({ companyId, id: memberId, user, role, kind: membership, licensedAsInternal: isLicensed }: Member): Actor {
  const expiresAt = new Date(Date.now() + HOUR_MS);
  return { viewer: { kind: 'MEMBER', companyId, userId: user.id, memberId, role, membership, expiresAt }, isLicensed };
}
