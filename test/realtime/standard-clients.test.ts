import { setTimeout as delay } from 'node:timers/promises';
import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subscriptionExchange, Client as UrqlClient } from '@urql/core';
import { createClient as createStreamClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';
import { resumable } from '../../client/resumable.mjs';
import { revokeFollow } from '../../src/domain/follows.js';
import { deactivateMember } from '../../src/domain/members.js';
import type { Project } from '../../src/entities/project.js';
import type { Caller } from '../harness/client.js';
import { type Cluster } from '../harness/cluster.js';
import { CHANGES, Stage } from '../harness/stage.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

let stage: Stage;
let cluster: Cluster;
let world: World;
let project: Project;
beforeAll(async () => {
  stage = await Stage.open();
  ({ cluster, world, project } = stage);
}, 30_000);
afterAll(() => stage?.close());

describe('standard clients', () => {
  it('graphql-ws, made resumable, loses and doubles nothing over reconnects', async () => {
    const sockets: WebSocket[] = [];
    const client = resumable(
      createClient({
        url: cluster.last.wsUrl,
        webSocketImpl: WebSocket,
        connectionParams: { ...world.admin.caller },
        retryWait: () => delay(20),
        on: { opened: (socket) => sockets.push(socket as WebSocket) },
      }),
    );
    const told: string[] = [];
    client.subscribe<{ taskChanged: { kind: string; task: { title: string } | null } }>(
      { query: CHANGES, variables: { project: project.id } },
      {
        next: ({ data }) => {
          if (data?.taskChanged.kind === 'CHANGED') told.push(data.taskChanged.task?.title ?? '');
        },
        error: () => {},
        complete: () => {},
      },
    );
    await until(() => sockets.length === 1, 'the first socket');
    await delay(300);
    for (let i = 0; i < 40; i += 1) {
      await stage.rename(`resumed ${i}`);
      if (i % 8 === 3) sockets.at(-1)?.terminate();
    }
    await until(() => told.length >= 40, 'all changes');
    await delay(100);
    await client.dispose();
    // A change is read when it is told: what was told late shows the title of then, but each is told once.
    expect(told).toHaveLength(40);
    expect(told.at(-1)).toBe('resumed 39');
    expect(sockets.length).toBeGreaterThan(3);
  }, 30_000);

  it('graphql-ws, made resumable, goes on when it is iterated over, until somebody has had enough', async () => {
    const options = {
      url: cluster.last.wsUrl,
      webSocketImpl: WebSocket,
      connectionParams: { ...world.admin.caller },
      retryWait: () => delay(20),
    };
    const client = resumable(createClient(options));
    const stream = client.iterate<Told>({ query: CHANGES, variables: { project: project.id } });
    const next = async () => (await stream.next()).value?.data?.taskChanged;
    expect((await next())?.kind).toBe('READY');
    for (const title of ['before the cut', 'after the cut']) {
      await stage.rename(title);
      let change = await next();
      while (change?.kind === 'READY') change = await next();
      expect(change?.task?.title).toBe(title);
      client.terminate();
    }
    const waiting = (async () => {
      for (;;) if ((await stream.next()).done) return 'done';
    })();
    await stream.return?.();
    expect(await waiting).toBe('done');
    await client.dispose();
  });

  type Told = { taskChanged: { kind: string; task: { title: string } | null } };
  type Listen = (client: Client, hear: (told: Told) => void) => () => void;

  /** Each as its own documentation connects it to graphql-ws. */
  const listeners: [string, Listen][] = [
    [
      'Apollo Client',
      (client, hear) => {
        const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
        const variables = { project: project.id };
        const changes = apollo.subscribe<Told>({ query: gql(CHANGES), variables });
        const subscription = changes.subscribe(({ data, error }) => hear(data ?? fail(error)));
        return () => subscription.unsubscribe();
      },
    ],
    [
      'urql',
      (client, hear) => {
        const exchange = subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: client.subscribe({ query, variables: variables as Record<string, unknown> }, sink as never),
            }),
          }),
        });
        const urql = new UrqlClient({ url: cluster.last.graphqlUrl, exchanges: [exchange] });
        const changes = urql.subscription<Told>(CHANGES, { project: project.id });
        return changes.subscribe(({ data, error }) => hear(data ?? fail(error))).unsubscribe;
      },
    ],
    [
      'Relay',
      (client, hear) => {
        const network = relay.Network.create(
          () => fail('nothing is fetched'),
          ({ text }, variables) =>
            relay.Observable.create((sink) => client.subscribe({ query: text ?? '', variables }, sink as never)),
        );
        const params = { name: 'Changes', operationKind: 'subscription', text: CHANGES, id: null, metadata: {} };
        const changes = network.execute(params as never, { project: project.id }, {});
        const next = (payload: unknown) => hear((payload as { data: Told }).data);
        return changes.subscribe({ next, error: fail }).unsubscribe;
      },
    ],
  ];

  it.each(listeners)('%s is told over graphql-ws', async (name, listen) => {
    const client = createClient({
      url: cluster.last.wsUrl,
      webSocketImpl: WebSocket,
      connectionParams: { ...world.admin.caller },
    });
    const told: Told[] = [];
    const stop = listen(client, (each) => told.push(each));
    await until(() => told.length === 1, 'READY');
    await stage.rename(`for ${name}`);
    await until(() => told.length === 2, 'the change');
    stop();
    await client.dispose();
    expect(told).toMatchObject([
      { taskChanged: { kind: 'READY', task: null } },
      { taskChanged: { kind: 'CHANGED', task: { title: `for ${name}` } } },
    ]);
  });

  const streamClient = (caller: Caller) =>
    resumable(
      createStreamClient({
        url: cluster.last.graphqlUrl,
        headers: {
          authorization: caller.authorization ?? '',
          ...(caller.companyId && { 'x-company-id': caller.companyId }),
        },
        retryAttempts: 0,
      }),
    );

  it('graphql-sse gets the same over an event stream, until its way in is closed', async () => {
    const person = await world.member();
    const client = streamClient(person.caller);
    const stream = client.iterate<{ taskChanged: { kind: string } }>({
      query: CHANGES,
      variables: { project: project.id },
    });
    const next = async () =>
      (await stream.next()).value as { data?: { taskChanged: { kind: string } }; errors?: { extensions: object }[] };
    expect((await next()).data?.taskChanged.kind).toBe('READY');
    await stage.rename('over a stream');
    await until(async () => JSON.stringify((await next()).data).includes('over a stream'), 'the change');
    await deactivateMember(cluster.parts, world.admin.viewer, person.member.id);
    const startedAt = Date.now();
    expect((await next()).errors?.[0]?.extensions).toMatchObject({ reason: 'ACCESS_ENDED' });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect((await stream.next()).done).toBe(true);
  });

  it('graphql-sse follows without an account, runs queries, and is told of what is wrong', async () => {
    const follow = await world.follow(stage.task);
    const client = streamClient(follow.caller);
    const stream = client.iterate({ query: 'subscription { followedChanged { kind task { title } } }' });
    expect((await stream.next()).value).toMatchObject({ data: { followedChanged: { kind: 'READY' } } });
    await stage.rename('for the follower');
    expect((await stream.next()).value).toMatchObject({
      data: { followedChanged: { task: { title: 'for the follower' } } },
    });
    await revokeFollow(cluster.parts, world.admin.viewer, follow.id);
    expect((await stream.next()).value).toMatchObject({ errors: [{ extensions: { reason: 'ACCESS_ENDED' } }] });

    const member = streamClient(world.admin.caller);
    const viewer = member.iterate({ query: '{ viewer { user { email } } }' });
    expect((await viewer.next()).value).toMatchObject({ data: { viewer: { user: { email: world.admin.email } } } });
    const wrong = member.iterate({ query: '{ nothing }' });
    expect((await wrong.next()).value).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it.each([
    ['without a credential', {}, 401, 'UNAUTHENTICATED'],
    ['with a company of others', { 'x-company-id': 'company_01m860nd42fk5asp7hx7f2mzcm' }, 404, 'NOT_FOUND'],
  ])('an event stream %s is refused as HTTP refuses', async (_what, headers, status, code) => {
    const response = await fetch(cluster.last.graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(Object.keys(headers).length > 0 && { authorization: world.admin.caller.authorization ?? '' }),
        ...headers,
      },
      body: JSON.stringify({ query: CHANGES, variables: { project: project.id } }),
    });
    expect(response.status).toBe(status);
    expect((await response.json()).errors[0].extensions.code).toBe(code);
  });
});

function fail(why: unknown): never {
  throw new Error(`The client said ${JSON.stringify(why)}`);
}
