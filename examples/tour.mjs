#!/usr/bin/env node
// The product's story, told to a running server with public client libraries only: fetch and graphql-ws.
//
//   node examples/tour.mjs                               reads .data/demo.json, which `npm start` writes
//   DEMO=path/to/demo.json node examples/tour.mjs        another one
//   WS_URL=ws://host:port/graphql …                      holds the subscriptions on another server process
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { resumable } from '../client/resumable.mjs';

const demo = JSON.parse(await readFile(process.env.DEMO ?? `${process.env.DATA_DIR ?? '.data'}/demo.json`, 'utf8'));
const wsUrl = process.env.WS_URL ?? demo.wsUrl;
const PATIENCE_MS = 10_000;

const [admin] = demo.people;
const [company] = admin.companies;
const isIn = (person, test) => person.companies.find((place) => place.id === company.id && test(place));
const member = demo.people.find((person) => isIn(person, ({ role, kind }) => role === 'MEMBER' && kind === 'INTERNAL'));
const external = demo.people.find((person) => isIn(person, ({ kind }) => kind === 'EXTERNAL'));
const stranger = demo.people.find((person) => person.companies.length === 1 && person.companies[0].id !== company.id);

let steps = 0;
const step = (text) => console.log(`${String(++steps).padStart(2)}. ${text}`);

/** Asks and returns the whole answer; `as` is a person, a follower or nobody. */
async function ask(as, query, variables) {
  const headers = { 'content-type': 'application/json' };
  if (as?.companies)
    Object.assign(headers, { authorization: `Bearer ${as.token}`, 'x-company-id': as.companyId ?? company.id });
  else if (as) headers.authorization = `Follow ${as.token}`;
  const response = await fetch(demo.graphqlUrl, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** Asks and returns the data; errors and what the user could mend end the tour. */
async function get(as, query, variables) {
  const { data, errors } = await ask(as, query, variables);
  assert.equal(errors, undefined, JSON.stringify(errors));
  for (const payload of Object.values(data)) assert.deepEqual(payload?.userErrors ?? [], []);
  return data;
}

/** Asks for what must be refused; returns the error's code. */
async function refused(as, query, variables) {
  const { errors } = await ask(as, query, variables);
  assert.ok(errors?.length, `must be refused: ${query}`);
  return errors[0].extensions.code;
}

const clients = [];

/** Subscribes over WebSocket; `until` waits for a payload, in order, and never for ever. */
async function listen(connectionParams, query, field, variables) {
  const options = { url: wsUrl, webSocketImpl: WebSocket, connectionParams, retryWait: () => delay(100) };
  const client = resumable(createClient(options));
  clients.push(client);
  const stream = client.iterate({ query, variables });
  const until = async (test, what) => {
    const timeout = setTimeout(() => client.dispose(), PATIENCE_MS);
    for (;;) {
      const { value, done } = await stream.next();
      assert.ok(!done, `the stream ended before: ${what}`);
      assert.equal(value.errors, undefined, JSON.stringify(value.errors));
      const change = value.data[field];
      if (!test(change)) continue;
      clearTimeout(timeout);
      return change;
    }
  };
  await until(({ kind }) => kind === 'READY', 'READY');
  return { until, cut: () => client.terminate() };
}

try {
  const { companies } = await get(admin, '{ companies { role company { id name } } }');
  step(`${admin.name} is ${companies[0].role} of ${companies[0].company.name}.`);

  const { projects } = await get(admin, '{ projects(first: 50) { nodes { id key name visibility } } }');
  const seen = await get(member, '{ projects(first: 50) { nodes { id key name } } }');
  step(`${admin.name} sees ${projects.nodes.length} projects, ${member.name} ${seen.projects.nodes.length}.`);
  const project = projects.nodes.find(
    ({ id, visibility }) => visibility === 'EVERYONE' && seen.projects.nodes.some((p) => p.id === id),
  );
  assert.ok(project, 'a project that everybody in the company sees');

  const { tasks } = await get(
    admin,
    `query ($project: ID!) {
      tasks(projectId: $project, first: 3, orderBy: { field: PRIORITY, direction: DESC },
            filter: { status: { in: [NEW, IN_PROGRESS] }, dueOn: { isNull: false } }) {
        nodes { key title status priority dueOn solver { name } } pageInfo { hasNextPage endCursor }
      }
    }`,
    { project: project.id },
  );
  step(
    `The most urgent open tasks of ${project.name}: ${tasks.nodes.map((task) => `${task.key} ${task.title}`).join('; ')}.`,
  );

  const dashboard = await listen(
    { authorization: `Bearer ${member.token}`, companyId: company.id },
    `subscription ($project: ID!, $after: String) {
      taskChanged(projectId: $project, after: $after) { kind cursor task { id key title status solver { name } comments(first: 10) { nodes { body } } } }
    }`,
    'taskChanged',
    { project: project.id },
  );
  step(`${member.name}'s dashboard listens at ${wsUrl}.`);

  const created = await get(
    admin,
    'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id key } userErrors { code message } cursor } }',
    { input: { projectId: project.id, title: 'Repaint the meeting room', privacy: 'PUBLIC', priority: 'HIGH' } },
  );
  const { task } = created.createTask;
  await dashboard.until((change) => change.kind === 'CREATED' && change.task.id === task.id, 'the new task');
  step(`${admin.name} creates ${task.key}; it is on the dashboard.`);

  const { viewer } = await get(member, '{ viewer { member { id name } } }');
  await get(
    admin,
    'mutation ($input: AssignTaskInput!) { assignTask(input: $input) { task { id } userErrors { code message } } }',
    {
      input: { taskId: task.id, solverId: viewer.member.id },
    },
  );
  await dashboard.until(
    (change) => change.task?.id === task.id && change.task.solver?.name === viewer.member.name,
    'the solver',
  );
  step(`${viewer.member.name} is its solver now; the dashboard says so.`);

  dashboard.cut();
  await get(
    admin,
    'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { id } userErrors { code message } } }',
    { input: { taskId: task.id, title: 'Repaint the large meeting room' } },
  );
  await dashboard.until((change) => change.task?.title === 'Repaint the large meeting room', 'what was missed');
  step("The dashboard's connection broke meanwhile; it has come back and learnt what it had missed.");

  const granted = await get(
    admin,
    'mutation ($input: GrantFollowInput!) { grantFollow(input: $input) { follow { id } url secret userErrors { code message } } }',
    { input: { taskId: task.id, label: 'The painter' } },
  );
  const follower = { token: granted.grantFollow.secret };
  const face = await get(follower, '{ followed { objectKind task { number title publicStatus } } }');
  step(`A follow link shows the painter "${face.followed.task.title}", ${face.followed.task.publicStatus}.`);

  const window = await listen(
    { follow: follower.token },
    'subscription { followedChanged { kind cursor task { publicStatus comments(first: 10) { nodes { body } } } } }',
    'followedChanged',
  );

  const move = (as, status) =>
    get(
      as,
      'mutation ($input: MoveTaskInput!) { moveTask(input: $input) { task { status } userErrors { code message } } }',
      {
        input: { taskId: task.id, status },
      },
    );
  const comment = (as, body, privacy) =>
    get(
      as,
      'mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { number } userErrors { code message } } }',
      {
        input: { taskId: task.id, body, privacy },
      },
    );

  await move(member, 'IN_PROGRESS');
  await dashboard.until((change) => change.task?.status === 'IN_PROGRESS', 'IN_PROGRESS');
  await comment(member, 'The budget is tight, keep it below 400.', 'INTERNAL');
  await comment(member, 'We start on Monday at eight.', 'PUBLIC');
  await dashboard.until((change) => change.task?.comments.nodes.length === 2, 'both comments');
  const told = await window.until((change) => change.kind === 'CHANGED', 'the public comment');
  assert.deepEqual(told.task.comments.nodes, [{ body: 'We start on Monday at eight.' }]);
  step('The dashboard has both comments, the follower the public one alone.');

  await move(admin, 'CLOSED');
  await dashboard.until((change) => change.task?.status === 'CLOSED', 'CLOSED');
  await window.until((change) => change.task?.publicStatus === 'CLOSED', 'the public CLOSED');
  step('The task is closed; both learn it live.');

  const one = 'query ($id: ID!) { task(id: $id) { title } }';
  const internal = await get(
    admin,
    'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } userErrors { code message } } }',
    { input: { projectId: project.id, title: 'Compare the painters’ offers', privacy: 'INTERNAL' } },
  );
  const hidden = { id: internal.createTask.task.id };
  const own = { ...stranger, companyId: stranger.companies[0].id };
  assert.equal(await refused(own, one, { id: task.id }), 'NOT_FOUND');
  assert.equal(await refused(stranger, one, { id: task.id }), 'NOT_FOUND');
  assert.equal(await refused(external, one, hidden), 'NOT_FOUND');
  assert.equal(await refused(follower, one, { id: task.id }), 'FORBIDDEN');
  assert.equal(await refused(follower, '{ followed { task { description } } }'), 'FORBIDDEN');
  assert.equal(await refused(null, one, { id: task.id }), 'UNAUTHENTICATED');
  assert.equal((await get(external, one, { id: task.id })).task.title, 'Repaint the large meeting room');
  step(`${stranger.name} of another company, ${external.name} for internal work, the follower and nobody are refused.`);

  const revoked = await get(
    admin,
    'mutation ($input: RevokeFollowInput!) { revokeFollow(input: $input) { follow { revokedAt } userErrors { code message } } }',
    { input: { followId: granted.grantFollow.follow.id } },
  );
  assert.ok(revoked.revokeFollow.follow.revokedAt);
  assert.equal(await refused(follower, '{ followed { id } }'), 'UNAUTHENTICATED');
  step('The follow is revoked; the link leads nowhere.');
  console.log('\nThe tour is complete.');
} finally {
  // One that is just trying to come back, to what was revoked, is refused.
  await Promise.allSettled(clients.map((client) => client.dispose()));
}
