import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { Privacy, TaskStatus } from '../entities/vocabulary.js';
import type { Lots } from './lots.js';
import type { SeedBatch, SeedLedger } from './seed-ledger.js';
import { seededId } from './seeded.js';
import { recordTaskChange, snapshot } from './task-change.js';
import { isDone, move } from './task-status.js';
import { recordCreation, setStatus } from './tasks.js';

/** One project while its tasks are played. */
export interface Scene {
  n: number;
  project: Row<Project>;
  lots: Lots;
  managerId: string;
  /** Internals with EDIT or more, the manager first. */
  editors: string[];
  /** Externals with EDIT: they write public tasks. */
  guests: string[];
  /** Externals who may be solvers of public tasks here. */
  helpers: string[];
  /** Another project that all internals see. */
  previous: Row<Project> | null;
}

/** Of one task's life: created, assigned, begun, updated or moved on. */
export const MOST_STEPS = 4;
/** So many tasks of a project are under way at a time. */
const AT_WORK = 20;
/** After so many tasks of a project all are what they will be, and can be written. */
const SPRINT = 400;
const DAY_MS = 86_400_000;

/** What is still to happen to a task. */
interface Play {
  task: Row<Task>;
  steps: (() => void)[];
}

/** The tasks of one project, numbered from 1, each with a life of its own that the domain's own words tell. */
export function* seedTasks(ledger: SeedLedger, scene: Scene): Generator<SeedBatch> {
  const stage = new Stage(ledger, scene);
  const { lastTaskNumber } = scene.project;
  for (let number = 1; number <= lastTaskNumber; number += 1) {
    stage.open(number);
    const isLast = number % SPRINT === 0 || number === lastTaskNumber;
    stage.playUntil(isLast ? 0 : AT_WORK);
    if (isLast && ledger.isFull) yield ledger.take();
  }
}

class Stage {
  readonly #plays: Play[] = [];
  /** The latest public task that is written and stays open: what others can wait for. */
  #awaitable: Row<Task> | null = null;

  constructor(
    readonly ledger: SeedLedger,
    readonly scene: Scene,
  ) {}

  open(number: number): void {
    const task = createTask(this.ledger, this.scene, number);
    this.#plays.push({ task, steps: this.#stepsOf(task) });
  }

  /** Lets steps happen, of one task and another, until no more than so many tasks have any before them. */
  playUntil(left: number): void {
    while (this.#plays.length > left) {
      const at = this.scene.lots.between(0, this.#plays.length - 1);
      const { task, steps } = this.#plays[at] as Play;
      const step = steps.shift();
      if (step) {
        step();
        continue;
      }
      this.#plays.splice(at, 1);
      this.ledger.add(Task, task);
      if (task.privacy === 'PUBLIC' && !isDone(task.status)) this.#awaitable = task;
    }
  }

  #stepsOf(task: Row<Task>): Play['steps'] {
    const { lots, editors, helpers } = this.scene;
    const end = lots.pick(...ENDS);
    const owner = task.owner.id;
    const able = task.privacy === 'PUBLIC' ? [...editors, ...helpers] : editors;
    const solver = lots.isDrawn(end === 'NEW' ? 0.3 : 0.7) ? lots.pick(...able) : null;
    const worker = solver ?? owner;
    const steps = [];
    if (solver) steps.push(() => this.#change(task, 'task.assigned', owner, () => (task.solver = { id: solver })));
    const isBegun = end === 'IN_PROGRESS' || (end !== 'NEW' && lots.isDrawn(0.3));
    if (isBegun) steps.push(() => this.#move(task, worker, 'IN_PROGRESS'));
    if (end === 'IN_PROGRESS' && lots.isDrawn(0.4)) {
      const progressPercent = 10 * lots.between(1, 9);
      steps.push(() => this.#change(task, 'task.updated', worker, () => Object.assign(task, { progressPercent })));
    }
    if (end !== 'NEW' && end !== 'IN_PROGRESS') {
      steps.push(() => (isDone(end) ? this.#move(task, owner, end) : this.#wait(task, worker, end)));
    }
    return steps;
  }

  /** Waits in the way that was drawn, or simply waits where there is nothing of that kind that the worker could name. */
  #wait(task: Row<Task>, worker: string, to: TaskStatus): void {
    const { editors, guests, helpers, lots, previous } = this.scene;
    const isExternal = guests.includes(worker) || helpers.includes(worker);
    const awaited = {
      AWAITING_MEMBER: { awaitedMember: { id: lots.pick(...editors) } },
      AWAITING_PROJECT: previous && !isExternal && { awaitedProject: { id: previous.id } },
      AWAITING_TASK: this.#awaitable && { awaitedTask: { id: this.#awaitable.id } },
    }[to as string];
    this.#move(task, worker, awaited === null || awaited === false ? 'SUSPENDED' : to, awaited || {});
  }

  #move(task: Row<Task>, actorId: string, to: TaskStatus, awaited: Partial<Row<Task>> = {}): void {
    const { guests, helpers, managerId } = this.scene;
    const isExternal = guests.includes(actorId) || helpers.includes(actorId);
    const decides = actorId === task.owner.id || actorId === managerId;
    const statusBefore = move(task, to, 'ANY_INTERNAL', { isExternal, decides });
    this.#change(task, 'task.moved', actorId, () => {
      setStatus(task, to, statusBefore);
      Object.assign(task, awaited);
    });
  }

  #change(task: Row<Task>, type: string, actorId: string, edit: () => void): void {
    const { ledger } = this;
    const { project } = this.scene;
    const before = snapshot(task, project);
    const now = ledger.nextTime;
    edit();
    recordTaskChange(ledger.by(actorId), type, task, project, before);
    task.updatedAt = now;
    if (task.closedAt) task.closedAt = now;
  }
}

/** Where lives end, as often as they do. */
const ENDS: readonly TaskStatus[] = [
  ...Array<TaskStatus>(8).fill('CLOSED'),
  ...Array<TaskStatus>(4).fill('IN_PROGRESS'),
  ...Array<TaskStatus>(10).fill('NEW'),
  'CANCELLED',
  'CLOSURE_REQUESTED',
  'CANCELLATION_REQUESTED',
  'AWAITING_OWNER',
  'AWAITING_MEMBER',
  'AWAITING_PROJECT',
  'AWAITING_TASK',
  'SUSPENDED',
];
const PRIVACIES: readonly Privacy[] = ['PUBLIC', 'PUBLIC', 'PUBLIC', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'PRIVATE'];
const VERBS = ['Check', 'Draft', 'Fix', 'Measure', 'Order', 'Plan', 'Prepare', 'Renew', 'Replace', 'Review', 'Test'];
const THINGS = [
  'the budget',
  'the cabling',
  'the contract',
  'the forms',
  'the interface',
  'the report',
  'the schedule',
];
const PLACES = ['for the audit', 'in the north wing', 'of the supplier', 'on the ground floor', 'with the customer'];
const ESTIMATES_MINUTES = [30, 60, 120, 240, 480, 960, null];

/** As `createTask` would have it. */
function createTask(ledger: SeedLedger, scene: Scene, number: number): Row<Task> {
  const { n, project, lots, editors, guests } = scene;
  const author = lots.pick(...editors, ...editors, ...guests);
  const createdAt = ledger.nextTime;
  const startInDays = lots.between(0, 30);
  const thing = lots.pick(...THINGS);
  const task: Row<Task> = {
    companyId: ledger.companyId,
    id: seededId('task', ledger.company, n, number),
    project: { id: project.id },
    number,
    title: `${lots.pick(...VERBS)} ${thing} ${lots.pick(...PLACES)}`,
    description: `Number ${number} of ${project.name}: whoever looks after ${thing} knows more.`,
    privacy: guests.includes(author) ? 'PUBLIC' : lots.pick(...PRIVACIES),
    status: 'NEW',
    statusBefore: null,
    priority: lots.pick('LOWEST', 'LOW', 'LOW', 'NORMAL', 'NORMAL', 'NORMAL', 'HIGH', 'HIGH', 'HIGHEST'),
    author: { id: author },
    owner: { id: author },
    solver: null,
    awaitedMember: null,
    awaitedProject: null,
    awaitedTask: null,
    startOn: lots.isDrawn(0.75) ? dayAfter(createdAt, startInDays) : null,
    dueOn: lots.isDrawn(0.85) ? dayAfter(createdAt, startInDays + lots.between(1, 60)) : null,
    estimateMinutes: lots.pick(...ESTIMATES_MINUTES),
    progressPercent: 0,
    version: 1,
    createdAt,
    updatedAt: createdAt,
    closedAt: null,
    lastCommentNumber: 0,
  };
  recordCreation(ledger.by(author), task, project);
  return task;
}

const dayAfter = (time: Date, days: number): string =>
  new Date(time.getTime() + days * DAY_MS).toISOString().slice(0, 10);
