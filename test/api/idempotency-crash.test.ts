import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Project } from '../../src/entities/project.js';
import { findRows } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { ask } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { World } from '../harness/world.js';

let database: TestDatabase;
let issuer: TestIssuer;
let parts: Parts;
let world: World;
let project: Project;
const nodes: Node[] = [];
beforeAll(async () => {
  database = await createDatabase();
  issuer = await startIssuer();
  parts = await openParts(database);
  world = await World.found(parts, issuer);
}, 60_000);
afterEach(() => Promise.all(nodes.splice(0).map((node) => node.stop())));
afterAll(async () => {
  await closeParts(parts);
  await issuer?.stop();
  await database?.drop();
});

/** A process that is killed at its Nth commit, before anybody is told of it; none when it is not. */
async function start(diesAtCommit?: number): Promise<Node> {
  const node = await startNode(database, issuer, diesAtCommit ? { FAILPOINT: `after-commit:${diesAtCommit}` } : {});
  nodes.push(node);
  return node;
}

const FIELDS = 'task { id key title createdAt } userErrors { code }';
const CREATE = `mutation ($one: CreateTaskInput!, $other: CreateTaskInput!) {
  one: createTask(input: $one) { ${FIELDS} }
  other: createTask(input: $other) { ${FIELDS} } }`;

const send = (node: Node, idempotencyKey: string) => {
  const input = (title: string) => ({ projectId: project.id, title });
  const variables = { one: input('One'), other: input('Other') };
  return ask(node, { ...world.admin.caller, idempotencyKey }, CREATE, variables);
};

const tasks = async () => {
  const rows = await findRows({ orm: parts.orm, companyId: world.companyId }, Task, { project: project.id });
  return rows.map(({ id, title }) => ({ id, title }));
};

describe('a process that dies after a commit and before the answer', () => {
  it.each([
    ['of the first of two fields: it is answered again, and the second is done', 1, ['One']],
    ['of the last of two fields: both are answered again', 2, ['One', 'Other']],
  ])(
    '%s',
    async (_what, commit, done) => {
      project = await world.project();
      const key = `dies-at-${commit}`;
      const first = await start(commit);
      const death = once(first.process, 'exit');
      await expect(send(first, key)).rejects.toThrow();
      expect(await death).toEqual([null, 'SIGKILL']);
      const before = await tasks();
      expect(before.map(({ title }) => title)).toEqual(done);

      const second = await start();
      const answer = await send(second, key);
      const after = await tasks();
      expect(after.map(({ title }) => title)).toEqual(['One', 'Other']);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(answer).toMatchObject({ data: { one: { task: after[0] }, other: { task: after[1] } }, errors: [] });
      expect(await send(second, key)).toEqual(answer);
      expect(await tasks()).toEqual(after);
    },
    60_000,
  );
});
