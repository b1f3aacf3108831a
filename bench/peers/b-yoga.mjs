// graphql-yoga 5 + its Redis event target + graphql-ws + mysql2.
import http from 'node:http';
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import Redis from 'ioredis';
import { WebSocketServer } from 'ws';
import { PORT, REDIS, typeDefs } from './contract.mjs';
import { store } from './store.mjs';

const pubSub = createPubSub({
  eventTarget: createRedisEventTarget({ publishClient: new Redis(REDIS), subscribeClient: new Redis(REDIS) }),
});
const resolvers = {
  Query: { board: (_, { projectId, first }) => store.board(projectId, first) },
  Mutation: {
    setStatus: async (_, { id, status }) => {
      const task = await store.setStatus(id, status);
      pubSub.publish('taskChanged', String(task.projectId), task);
      return task;
    },
  },
  Subscription: {
    taskChanged: {
      subscribe: (_, { projectId }) => pubSub.subscribe('taskChanged', projectId),
      resolve: (task) => task,
    },
  },
  Task: { assignee: (task, _, { users }) => task.assignee ?? (task.assigneeId ? users.load(task.assigneeId) : null) },
};
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  graphqlEndpoint: '/graphql',
  context: () => ({ users: store.users() }),
  logging: false,
});
const server = http.createServer(yoga);
const wss = new WebSocketServer({ server, path: '/graphql' });
useServer(
  {
    // as yoga's docs write it
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (ctx, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...ctx,
        req: ctx.extra.request,
        socket: ctx.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length ? errors : args;
    },
  },
  wss,
);
server.listen(PORT, '127.0.0.1', 4096, () => console.log('listening'));
