// Apollo Server 5 + Express 5 + graphql-ws + graphql-redis-subscriptions + MikroORM, as the docs of each write it.
import http from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { defineEntity, MikroORM, p } from '@mikro-orm/mysql';
import cors from 'cors';
import DataLoader from 'dataloader';
import express from 'express';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import Redis from 'ioredis';
import { WebSocketServer } from 'ws';
import { COMPANY, DB, PORT, REDIS, typeDefs } from './contract.mjs';

const User = defineEntity({
  name: 'User',
  tableName: 'user',
  properties: { id: p.integer().primary(), companyId: p.integer(), name: p.string() },
});
const Task = defineEntity({
  name: 'Task',
  tableName: 'task',
  properties: {
    id: p.integer().primary(),
    companyId: p.integer(),
    projectId: p.integer(),
    title: p.string(),
    status: p.string(),
    updatedAt: p.string(),
    assignee: () => p.manyToOne(User).nullable(),
  },
});
const orm = await MikroORM.init({
  entities: [User, Task],
  host: DB.host,
  port: DB.port,
  user: DB.user,
  password: DB.password,
  dbName: DB.database,
});

const pubsub = new RedisPubSub({ publisher: new Redis(REDIS), subscriber: new Redis(REDIS) });
const plain = (t) => ({
  id: t.id,
  title: t.title,
  status: t.status,
  updatedAt: t.updatedAt,
  assignee: t.assignee && { id: t.assignee.id, name: t.assignee.name },
});
const resolvers = {
  Query: {
    board: (_, { projectId, first }, { em }) =>
      em.find(Task, { companyId: COMPANY, projectId: Number(projectId) }, { limit: first, orderBy: { id: 'asc' } }),
  },
  Mutation: {
    setStatus: async (_, { id, status }, { em }) => {
      const task = await em.findOneOrFail(Task, { id: Number(id), companyId: COMPANY }, { populate: ['assignee'] });
      task.status = status;
      task.updatedAt = new Date().toISOString();
      await em.flush();
      await pubsub.publish(`TASK_CHANGED.${task.projectId}`, { taskChanged: plain(task) });
      return task;
    },
  },
  Subscription: {
    taskChanged: { subscribe: (_, { projectId }) => pubsub.asyncIterableIterator(`TASK_CHANGED.${projectId}`) },
  },
  Task: {
    assignee: (task, _, { users }) =>
      task.assignee ? (task.assignee.name ? task.assignee : users.load(task.assignee.id)) : null,
  },
};
const schema = makeExecutableSchema({ typeDefs, resolvers });
const context = async () => {
  const em = orm.em.fork();
  const users = new DataLoader(async (ids) => {
    const byId = new Map((await em.find(User, { id: { $in: [...ids] } })).map((u) => [u.id, u]));
    return ids.map((id) => byId.get(id));
  });
  return { em, users };
};
const app = express(),
  server = http.createServer(app);
const wss = new WebSocketServer({ server, path: '/graphql' });
const ws = useServer({ schema, context }, wss);
const apollo = new ApolloServer({
  schema,
  plugins: [
    ApolloServerPluginDrainHttpServer({ httpServer: server }),
    {
      async serverWillStart() {
        return {
          async drainServer() {
            await ws.dispose();
          },
        };
      },
    },
  ],
});
await apollo.start();
app.use('/graphql', cors(), express.json(), expressMiddleware(apollo, { context }));
server.listen(PORT, '127.0.0.1', 4096, () => console.log('listening'));
