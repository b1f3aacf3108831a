import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Comment } from '../../src/entities/comment.js';
import { findRows, type Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { type Answer, ask } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { World } from '../harness/world.js';

const COMMENT = `mutation ($input: AddCommentInput!) {
  addComment(input: $input) { comment { id body createdAt } userErrors { code } } }`;

let cluster: Cluster;
let world: World;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  task = await world.task(await world.project());
}, 60_000);
afterAll(() => cluster?.stop());

type Reply = Pick<Answer, 'data' | 'errors'>;
interface Asked {
  body: string;
  header?: string;
  extension?: unknown;
}

const payloadOf = ({ body, extension }: Asked) => ({
  query: COMMENT,
  variables: { input: { taskId: task.id, body } },
  ...(extension !== undefined && { extensions: { idempotencyKey: extension } }),
});

async function overSocket(asked: Asked): Promise<Reply> {
  const socket = await RawSocket.open(cluster.last, world.admin.caller);
  socket.send({ id: 'a', type: 'subscribe', payload: payloadOf(asked) });
  const [answer, refusal] = [socket.next('next', 'a'), socket.next('error', 'a')];
  const { type, payload } = (await Promise.race([answer, refusal])) as { type: string; payload: unknown };
  socket.ws.terminate();
  await Promise.allSettled([answer, refusal]);
  if (type === 'error') return { data: null, errors: payload as Reply['errors'] };
  return { errors: [], ...(payload as Pick<Reply, 'data'>) };
}

async function overStream(asked: Asked): Promise<Reply> {
  const { authorization = '', companyId = '' } = world.admin.caller;
  const headers = new Headers({ accept: 'text/event-stream', 'content-type': 'application/json', authorization });
  headers.set('x-company-id', companyId);
  if (asked.header !== undefined) headers.set('idempotency-key', asked.header);
  const body = JSON.stringify(payloadOf(asked));
  const response = await fetch(cluster.last.graphqlUrl, { method: 'POST', headers, body });
  const [, json = '{}'] = /^event: next\ndata: (.*)$/m.exec(await response.text()) ?? [];
  return { errors: [], data: null, ...JSON.parse(json) };
}

const overHttp = ({ body, header }: Asked): Promise<Reply> =>
  ask(cluster.first, { ...world.admin.caller, ...(header && { idempotencyKey: header }) }, COMMENT, {
    input: { taskId: task.id, body },
  });

const commentsOf = async (body: string) =>
  (await findRows({ orm: cluster.parts.orm, companyId: world.companyId }, Comment, { task: task.id, body })).length;

describe.each([
  ['a socket', overSocket],
  ['an event stream', overStream],
])('over %s', (name, send) => {
  it('a mutation with a key in its extensions is done once, also when it was sent over HTTP before', async () => {
    const body = `once over ${name}`;
    const key = body.replaceAll(' ', '-');
    const { data, errors } = await overHttp({ body, header: key });
    expect(errors).toEqual([]);
    for (let i = 0; i < 2; i += 1) expect(await send({ body, extension: key })).toEqual({ data, errors: [] });
    expect(await commentsOf(body)).toBe(1);
  });

  it('the same key with another request is refused', async () => {
    const key = `twice-over-${name.at(-1)}`;
    expect((await send({ body: 'the first', extension: key })).errors).toEqual([]);
    const { errors } = await send({ body: 'another one', extension: key });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', reason: 'IDEMPOTENCY_KEY_REUSED' } }]);
    expect(await commentsOf('another one')).toBe(0);
  });

  it('a key that is none is refused', async () => {
    for (const extension of ['', 'a b', 'k'.repeat(256), 1]) {
      const { errors } = await send({ body: 'never', extension });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', reason: 'IDEMPOTENCY_KEY' } }]);
    }
    expect(await commentsOf('never')).toBe(0);
  });
});

it('over an event stream the header says the same', async () => {
  const asked = { body: 'by header', header: 'key-in-the-header' };
  const first = await overStream(asked);
  expect(first).toMatchObject({ data: { addComment: { comment: { body: 'by header' } } }, errors: [] });
  expect(await overStream(asked)).toEqual(first);
  expect(await overStream({ ...asked, extension: 'key-in-the-header' })).toEqual(first);
  const { errors } = await overStream({ ...asked, extension: 'another-key' });
  expect(errors).toMatchObject([{ extensions: { reason: 'IDEMPOTENCY_KEY' } }]);
  expect(await commentsOf('by header')).toBe(1);
});
