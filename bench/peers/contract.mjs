// What all peers share: the schema, the document, and where the database, Redis and they themselves are found.
const database = new URL(process.env.PEERS_DATABASE_URL);
const redis = new URL(process.env.PEERS_REDIS_URL);

export const DB = {
  host: database.hostname,
  port: Number(database.port),
  user: decodeURIComponent(database.username),
  password: decodeURIComponent(database.password),
  database: database.pathname.slice(1),
};
export const REDIS = { host: redis.hostname, port: Number(redis.port) };
export const PORT = Number(process.env.PORT);
/** In a real server it would come from the token. */
export const COMPANY = 1;

export const typeDefs = /* GraphQL */ `
  type User { id: ID! name: String! }
  type Task { id: ID! title: String! status: String! updatedAt: String! assignee: User }
  type Query { board(projectId: ID!, first: Int!): [Task!]! }
  type Mutation { setStatus(id: ID!, status: String!): Task }
  type Subscription { taskChanged(projectId: ID!): Task }
`;
