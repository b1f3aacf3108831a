// fastify + mercurius (jit on) + its own subscriptions + mqemitter-redis + mysql2.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import mqRedis from 'mqemitter-redis';
import { PORT, REDIS, typeDefs } from './contract.mjs';
import { store } from './store.mjs';

const app = Fastify();
const resolvers = {
  Query: { board: (_, { projectId, first }) => store.board(projectId, first) },
  Mutation: {
    setStatus: async (_, { id, status }, { pubsub }) => {
      const task = await store.setStatus(id, status);
      await pubsub.publish({ topic: `TASK_CHANGED.${task.projectId}`, payload: { taskChanged: task } });
      return task;
    },
  },
  Subscription: {
    taskChanged: { subscribe: (_, { projectId }, { pubsub }) => pubsub.subscribe(`TASK_CHANGED.${projectId}`) },
  },
  Task: { assignee: (task, _, { users }) => task.assignee ?? (task.assigneeId ? users.load(task.assigneeId) : null) },
};
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  context: () => ({ users: store.users() }),
  subscription: {
    emitter: mqRedis(REDIS),
    context: () => ({ users: store.users() }),
    wsDefaultSubprotocol: 'graphql-transport-ws',
  },
});
await app.listen({ port: PORT, host: '127.0.0.1', backlog: 4096 });
console.log('listening');
