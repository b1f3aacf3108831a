#!/usr/bin/env node
// A typed client of a few lines: what it asks stands in typed-client.graphql, and `npm run codegen` makes of it and of
// the schema what TypeScript has to know of variables and answers. Lists a project's tasks, renames one, sees it live.
//
//   npm run codegen && npx node examples/typed-client.ts     reads .data/demo.json, which `npm start` writes
//   DEMO=path/to/demo.json …                                 another one
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { resumable } from '../client/resumable.mjs';
import {
  ProjectsDocument,
  ProjectTasksDocument,
  type ProjectTasksQuery,
  RenameTaskDocument,
  TaskChangesDocument,
} from './generated/documents.ts';

interface Access {
  graphqlUrl: string;
  wsUrl: string;
  token: string;
  companyId: string;
}

/** Asks by fetch and listens over one WebSocket; each document says what goes in and what comes out. */
class TypedClient {
  readonly #access: Access;
  readonly #socket;

  constructor(access: Access) {
    this.#access = access;
    const { wsUrl: url, token, companyId } = access;
    const connectionParams = { authorization: `Bearer ${token}`, companyId };
    this.#socket = resumable(createClient({ url, webSocketImpl: WebSocket, connectionParams }));
  }

  /** Throws with the errors, when there are any. */
  async ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const { graphqlUrl, token, companyId } = this.#access;
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'x-company-id': companyId,
      },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
    if (errors || !data) throw new Error(errors?.map(({ message }) => message).join('; ') ?? 'There is no answer.');
    return data;
  }

  /** What a subscription tells, on and on, also when the connection breaks meanwhile. */
  async *listen<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): AsyncGenerator<Data, void> {
    for await (const { data, errors } of this.#socket.iterate<Data>({ query: print(document), variables })) {
      if (errors || !data) throw new Error(errors?.map(({ message }) => message).join('; ') ?? 'There is no payload.');
      yield data;
    }
  }

  async close(): Promise<void> {
    await this.#socket.dispose();
  }
}

/** A type that follows from the document: what is not asked for is not there. */
type Task = ProjectTasksQuery['tasks']['nodes'][number];

async function listTasks(client: TypedClient, project: string): Promise<Task[]> {
  const tasks: Task[] = [];
  let after: string | null = null;
  do {
    const page: ProjectTasksQuery['tasks'] = (await client.ask(ProjectTasksDocument, { project, after })).tasks;
    tasks.push(...page.nodes);
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after);
  return tasks;
}

/** Gives the task another title, unless somebody else has changed it meanwhile; answers its new version. */
async function rename(client: TypedClient, { id, version }: Pick<Task, 'id' | 'version'>, title: string) {
  const { updateTask } = await client.ask(RenameTaskDocument, { input: { taskId: id, version, title } });
  assert.deepEqual(updateTask.userErrors, []);
  return updateTask.task?.version ?? version;
}

const PATIENCE_MS = 10_000;

const demo = JSON.parse(await readFile(process.env.DEMO ?? `${process.env.DATA_DIR ?? '.data'}/demo.json`, 'utf8'));
const [admin] = demo.people;
const client = new TypedClient({ ...demo, token: admin.token, companyId: admin.companies[0].id });
const timeout = setTimeout(() => client.close(), PATIENCE_MS);
try {
  const [project] = (await client.ask(ProjectsDocument, {})).projects.nodes;
  assert.ok(project, 'a project');
  const tasks = await listTasks(client, project.id);
  console.log(`${project.name} has ${tasks.length} tasks:`);
  for (const { key, title, status, solver } of tasks)
    console.log(`  ${key}  ${title}  ${status}  ${solver?.name ?? '–'}`);

  const [task] = tasks;
  assert.ok(task, 'a task');
  let { version } = task;
  const titles = [`${task.title}, again`, task.title];
  for await (const { taskChanged: change } of client.listen(TaskChangesDocument, { project: project.id })) {
    if (change.kind === 'CHANGED' && change.task?.id === task.id)
      console.log(`${change.task.key} is now "${change.task.title}".`);
    else if (change.kind !== 'READY') continue;
    const title = titles.shift();
    if (title === undefined) break;
    version = await rename(client, { id: task.id, version }, title);
  }
  assert.deepEqual(titles, [], 'both changes arrived');
} finally {
  clearTimeout(timeout);
  await client.close();
}
