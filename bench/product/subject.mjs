// This server as a subject of measurement; `peers/subject.mjs` has the same face.
import { fileURLToPath } from 'node:url';
import { readCounters, startServer } from './server.mjs';

const QUERY = `subscription ($p: ID!) {
  taskChanged(projectId: $p) { kind cursor task { id title status updatedAt solver { id name } } } }`;

export function productSubject(world, environment) {
  const variablesOf = (projectIds) => projectIds.map((p) => ({ p }));

  /** The sockets' people and projects in a cell: `[person, project's id]`, one socket each. */
  const audience = ({ sockets, projects = 1, people }) => {
    if (people === 'classes')
      return world.classes.people.slice(0, sockets).map((person) => [person, world.classes.projectId]);
    const place = (i) =>
      projects === 1 ? world.main.projectId : world.others.projectIds[Math.floor((i * projects) / sockets)];
    return world.people.slice(0, sockets).map((person, i) => [person, place(i)]);
  };
  const stageOf = ({ projects = 1, people }) => {
    if (people === 'classes') return { projectIds: [world.classes.projectId], taskIds: world.classes.taskIds };
    if (projects > 1) return world.others;
    return { projectIds: [world.main.projectId], taskIds: world.main.taskIds };
  };

  return {
    name: 'aliteo',
    /** Its changes are transactions: a few of the window's are made together, and the next ones while these are read. */
    windowed: { least: 32, lanes: 2 },

    async start({ nodes = 1 }, nodeArgs) {
      const started = [];
      for (let i = 0; i < nodes; i += 1) started.push(await startServer(environment, nodeArgs));
      return started;
    },

    /** The plan of the load client: every socket a different user. */
    async load(cell, ports) {
      const sockets = await Promise.all(
        audience(cell).map(async ([person, projectId], i) => ({
          port: ports[i % ports.length],
          init: await world.initOf(person),
          variables: variablesOf([projectId]),
        })),
      );
      return { query: QUERY, greets: true, sockets, stamp: cell.isTimed ? '#(\\d+)#' : undefined };
    },

    /** The publisher, and its tap on all that it changes. */
    async publisher(cell, ports) {
      const { projectIds, taskIds } = stageOf(cell);
      const share = Math.ceil(projectIds.length / world.watchers.length);
      const taps = world.watchers.map(async (person, i) => ({
        port: ports[0],
        init: await world.initOf(person),
        variables: variablesOf(projectIds.slice(i * share, (i + 1) * share)),
      }));
      const sockets = (await Promise.all(taps)).filter(({ variables }) => variables.length > 0);
      return {
        script: fileURLToPath(new URL('publish.mjs', import.meta.url)),
        env: environment,
        plan: {
          viewer: world.viewer,
          taskIds,
          keepsCommits: cell.isTimed,
          tap: { query: QUERY, greets: true, sockets },
        },
      };
    },

    /** When a change with this stamp was committed, in milliseconds since the epoch. */
    publishedAt: (stamp, { commits }) => commits[stamp],

    counters: async (started) => {
      const all = await Promise.all(started.map(({ metricsUrl }) => readCounters(metricsUrl)));
      const sum = (name) => all.reduce((total, each) => total + each[name], 0);
      return { executions: sum('executions'), deliveries: sum('deliveries') };
    },
  };
}
