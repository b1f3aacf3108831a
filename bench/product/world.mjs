// The company that the benchmarks are played in. What there is a command for and little of is made by the command; the
// many are written through the ORM, so that a run begins within seconds.
import { foundCompany } from '../../dist/src/domain/companies.js';
import { createProject } from '../../dist/src/domain/projects.js';
import { moveTask } from '../../dist/src/domain/tasks.js';
import { Member } from '../../dist/src/entities/member.js';
import { forkFor } from '../../dist/src/entities/orm.js';
import { Project, ProjectPermission } from '../../dist/src/entities/project.js';
import { migrate } from '../../dist/src/entities/schema-state.js';
import { Task } from '../../dist/src/entities/task.js';
import { User, UserIdentity } from '../../dist/src/entities/user.js';

const AT_ONCE = 1_000;
const TASKS = 200;
const WATCHERS = 10;

/** Four ways to see a project's public tasks, in turn: by role, by the project's visibility, by a grant, from outside. */
const MIXED = [{ role: 'ADMIN' }, {}, { level: 'EDIT' }, { kind: 'EXTERNAL', level: 'VIEW' }];
const LEVELS = [undefined, 'VIEW', 'COMMENT', 'EDIT'];

/** Fifty sets of facts that the policies read about somebody and one task: role, kind, grants on its project and on the one awaited. */
const CLASSES = [{ role: 'ADMIN' }, { role: 'SUPERVISOR' }, {}, { kind: 'EXTERNAL' }]
  .flatMap((who) => LEVELS.flatMap((level) => LEVELS.map((awaitedLevel) => ({ ...who, level, awaitedLevel }))))
  .slice(0, 50);

/** Makes the world in an empty database: `people` of the four kinds, and `projects` beside the one that all see. */
export async function createWorld(parts, issuer, { people, projects, classPeople }) {
  await migrate(parts.orm);
  const founder = { email: 'founder@example.com', name: 'Founder' };
  const { company, administrator, workspace } = await foundCompany(parts, 'Bench', founder);
  const world = new World(parts, issuer, company.id, administrator);
  const project = (key, visibility) => world.createProject(workspace, key, visibility);

  const main = await project('MAIN', 'INTERNAL');
  const others = await world.insertProjects(workspace, projects);
  const [solver] = await world.insertPeople([{ name: 'User number 17', grants: [[main.id, 'EDIT']] }], 'solver');
  world.main = { projectId: main.id, taskIds: await world.insertTasks([main.id], TASKS, solver) };
  world.others = { projectIds: others, taskIds: await world.insertTasks(others, 1, solver) };
  world.watchers = await world.insertPeople(Array(WATCHERS).fill({ role: 'ADMIN' }), 'watcher');
  world.people = await world.insertPeople(
    Array.from({ length: people }, (_, i) => {
      const { level, ...who } = MIXED[i % MIXED.length];
      const own = others[Math.floor((i * projects) / people)];
      return { ...who, grants: level ? [main.id, own].filter(Boolean).map((id) => [id, level]) : [] };
    }),
    'person',
  );
  if (classPeople > 0) await world.createClasses(project, classPeople, solver);
  return world;
}

/** A member as the domain knows them once they are let in. */
export const viewerOf = (companyId, member) => ({
  kind: 'MEMBER',
  companyId,
  userId: member.user.id,
  memberId: member.id,
  role: member.role,
  membership: member.kind,
  expiresAt: new Date(Date.now() + 86_400_000),
});

class World {
  constructor(parts, issuer, companyId, administrator) {
    this.parts = parts;
    this.issuer = issuer;
    this.companyId = companyId;
    /** Whoever changes the tasks. */
    this.viewer = viewerOf(companyId, administrator);
  }

  /** What a socket of this person says in `connection_init`. */
  async initOf({ email }) {
    return { authorization: `Bearer ${await this.issuer.token(email)}`, companyId: this.companyId };
  }

  async createProject(workspace, key, visibility) {
    const input = { workspaceId: workspace.id, key, name: `Project ${key}`, visibility };
    return (await createProject(this.parts, this.viewer, input)).result;
  }

  /** Fifty different sets of rights on one task. */
  async createClasses(project, count, solver) {
    const shared = await project('CLASSES', 'EVERYONE');
    const awaited = await project('AWAITED', 'MEMBERS');
    const taskIds = await this.insertTasks([shared.id], 1, solver);
    await moveTask(this.parts, this.viewer, taskIds[0], 'AWAITING_PROJECT', { projectId: awaited.id });
    const people = Array.from({ length: count }, (_, i) => {
      const { level, awaitedLevel, ...who } = CLASSES[i % CLASSES.length];
      const grants = [
        [shared.id, level],
        [awaited.id, awaitedLevel],
      ];
      return { ...who, grants: grants.filter(([, granted]) => granted) };
    });
    this.classes = { projectId: shared.id, taskIds, people: await this.insertPeople(people, 'class') };
  }

  async insertProjects(workspace, count) {
    return this.#inSteps(Array(count).fill(), async (em, step, from) => {
      const home = await em.findOneOrFail(workspace.constructor, { id: workspace.id });
      const manager = await em.findOneOrFail(Member, { id: this.viewer.memberId });
      const made = step.map((_, i) => {
        const key = `P${from + i}`;
        const fields = { companyId: this.companyId, workspace: home, key, name: `Project ${key}`, manager };
        return em.create(Project, { ...fields, visibility: 'INTERNAL' });
      });
      return made.map(({ id }) => id);
    });
  }

  /** Public tasks in each of the projects, all with one solver. */
  async insertTasks(projectIds, perProject, { memberId }) {
    const wanted = projectIds.flatMap((id) => Array.from({ length: perProject }, (_, i) => ({ id, number: i + 1 })));
    return this.#inSteps(wanted, async (em, step) => {
      const projects = await byId(em, Project, [...new Set(step.map(({ id }) => id))]);
      const owner = await em.findOneOrFail(Member, { id: this.viewer.memberId });
      const solver = await em.findOneOrFail(Member, { id: memberId });
      const made = step.map(({ id, number }) => {
        const project = projects.get(id);
        project.lastTaskNumber = number;
        const fields = { companyId: this.companyId, project, number, title: `Task ${number}`, privacy: 'PUBLIC' };
        return em.create(Task, { ...fields, author: owner, owner, solver });
      });
      return made.map(({ id }) => id);
    });
  }

  /** Members who have signed in before, and their grants: `[project's id, level]`. */
  async insertPeople(people, word) {
    return this.#inSteps(people, async (em, step, from) => {
      const projectIds = step.flatMap(({ grants = [] }) => grants.map(([id]) => id));
      const projects = await byId(em, Project, [...new Set(projectIds)]);
      const { companyId } = this;
      return step.map(({ name, role = 'MEMBER', kind = 'INTERNAL', grants = [] }, i) => {
        const email = `${word}-${from + i}@example.com`;
        const user = em.create(User, { email, name: name ?? `Person ${word} ${from + i}` });
        em.create(UserIdentity, { issuer: this.issuer.url, subject: email, user });
        const member = em.create(Member, { companyId, user, role, kind });
        for (const [id, level] of grants) {
          em.create(ProjectPermission, { companyId, project: projects.get(id), member, level });
        }
        return { email, memberId: member.id };
      });
    });
  }

  /** Runs `make` on so many at a time, each in an EntityManager and a transaction of their own. */
  async #inSteps(wanted, make) {
    const made = [];
    for (let from = 0; from < wanted.length; from += AT_ONCE) {
      const em = forkFor(this.parts.orm, { companyId: this.companyId });
      made.push(...(await make(em, wanted.slice(from, from + AT_ONCE), from)));
      await em.flush();
    }
    return made;
  }
}

async function byId(em, type, ids) {
  const rows = ids.length > 0 ? await em.find(type, { id: { $in: ids } }) : [];
  return new Map(rows.map((row) => [row.id, row]));
}
