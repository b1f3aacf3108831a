import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sealUnsubscription } from '../../src/auth/unsubscription.js';
import { newId } from '../../src/schema/ids.js';
import type { Caller } from '../harness/client.js';
import { type Cluster, SECRET_KEY, startCluster, startNode } from '../harness/cluster.js';
import { isEmbedded } from '../harness/column.js';
import { RawSocket } from '../harness/raw-socket.js';
import { send } from '../harness/secure-node.js';
import { startProxy } from '../harness/tcp-proxy.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const MARKER = 'planted-and-never-to-be-seen';
const TABLES = [
  'follows',
  'followers',
  'members',
  'users',
  'idempotency_records',
  'user_idempotency_records',
  'tasks',
  'events',
  'data_keys',
  'sso_providers',
  'sso_domains',
  'audit_entries',
  'api_keys',
  'api_key_secrets',
  'support_grants',
];

let cluster: Cluster;
let world: World;
let person: Person;
/** The credentials that are good: they are secrets as they are. */
let secrets: string[];
let follow: { secret: string; caller: Caller };
let follower: { caller: Caller; token: string; renewal?: string };
/** Those of programs and of support. */
let tokens: string[];
let unsubscription: string;
let reports: string;
const answers: string[] = [];
beforeAll(async () => {
  reports = mkdtempSync(join(tmpdir(), 'aliteo-reports-'));
  cluster = await startCluster({
    LOG_LEVEL: 'debug',
    NODE_OPTIONS: `--report-on-signal --report-signal=SIGUSR2 --report-directory=${reports}`,
  });
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member({ role: 'ADMIN' });
  follow = await world.follow(await world.task(await world.project()));
  follower = await world.enter(follow.secret);
  const forged = await cluster.issuer.forged(person.email);
  tokens = [(await world.key(['TASKS_READ'])).caller, (await world.support()).caller].map(
    ({ authorization }) => authorization?.split(' ')[1] ?? '',
  );
  const { companyId } = world;
  unsubscription = sealUnsubscription(cluster.parts.keyring, { companyId, followerId: newId('follower') });
  secrets = [
    String(person.caller.authorization).split(' ')[1] ?? '',
    follow.secret,
    forged,
    follower.token,
    follower.renewal ?? '',
    SECRET_KEY,
    ...tokens,
    unsubscription,
  ];
}, 60_000);
afterAll(() => cluster?.stop());

const MUTATION =
  'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } userErrors { message } } }';

const SAVE =
  'mutation ($input: SaveSsoProviderInput!) { saveSsoProvider(input: $input) { provider { hasSecret } userErrors { message } } }';
const provider = () => ({ issuer: cluster.issuer.url, clientId: 'client' });

/** Whatever may be asked with a secret, in good and in bad form. */
async function overHttp(authorization: string, key: string): Promise<void> {
  const headers = {
    authorization,
    'x-company-id': person.caller.companyId ?? '',
    'idempotency-key': key,
    'content-type': 'application/json',
    cookie: `aliteo-session=${MARKER}; __Host-aliteo-session=${MARKER}`,
  };
  const project = await world.project();
  const input = { projectId: project.id, title: 'A task' };
  const bodies = [
    JSON.stringify({ query: '{ viewer { user { id } } }' }),
    JSON.stringify({ query: '{ followed { task { title } } }' }),
    JSON.stringify({ query: MUTATION, variables: { input } }),
    JSON.stringify({ query: SAVE, variables: { input: { ...provider(), clientSecret: key } } }),
    // With a field too many, one too few, one of another kind; and written into the document.
    JSON.stringify({ query: SAVE, variables: { input: { ...provider(), clientSecret: key, nothing: 1 } } }),
    JSON.stringify({ query: SAVE, variables: { input: { clientSecret: key } } }),
    JSON.stringify({ query: SAVE, variables: { input: { ...provider(), clientSecret: [key] } } }),
    JSON.stringify({ query: SAVE, variables: { input: key } }),
    JSON.stringify({
      query: `mutation { saveSsoProvider(input: { clientSecret: "${key}", nothing: 1 }) { provider { hasSecret } } }`,
    }),
    JSON.stringify({ query: `{ task(id: { secret: "${key}" }) { id } }` }),
    JSON.stringify({ query: `{ task(id: 1) "${key}" { id } }` }),
    JSON.stringify({ query: '{ nothing }' }),
    '{ "query": ',
    '[]',
  ];
  const url = cluster.last.graphqlUrl;
  for (const body of bodies) {
    for (const accept of ['application/json', 'text/event-stream'])
      await keep(send(url, { method: 'POST', headers: { ...headers, accept } }, body));
  }
  await keep(send(`${cluster.last.url}/export/audit.ndjson`, { headers }));
  await keep(send(`${url}?query=%7B__typename%7D`, { headers }));
  await keep(send(`${cluster.last.url}/${key}`, { headers }));
}

const headersOf = ({ authorization, companyId }: Caller) => ({
  authorization: authorization ?? '',
  'x-company-id': companyId ?? '',
});

async function keep(asked: ReturnType<typeof send>): Promise<void> {
  answers.push(JSON.stringify(await asked));
}

async function overSocket(payload: object, key: string): Promise<void> {
  const socket = await RawSocket.open(cluster.last, null);
  socket.send({ type: 'connection_init', payload });
  await until(() => socket.messages.length > 0 || socket.ws.readyState > 1, 'an answer');
  const project = await world.project();
  const variables = { input: { projectId: project.id, title: 'A task' } };
  if (socket.ws.readyState === 1) {
    const extensions = { idempotencyKey: key };
    socket.send({ id: '1', type: 'subscribe', payload: { query: MUTATION, variables, extensions } });
    await until(() => socket.messages.some(({ id }) => id === '1') || socket.ws.readyState > 1, 'an answer');
    socket.send({ id: '1', type: 'planted', payload });
  }
  answers.push(JSON.stringify([socket.messages, await socket.closed]));
}

/** Each way in, with what is good and what is not. */
async function askEverything(): Promise<void> {
  const [token, secret, forged, followToken] = secrets;
  for (const authorization of [
    `Bearer ${token}`,
    `Bearer ${forged}`,
    ...tokens.map((shown) => `Bearer ${shown}`),
    `Bearer ${MARKER}`,
    `Bearer aliteo_key_${MARKER}`,
    `Bearer aliteo_support_${MARKER}`,
    `Basic ${MARKER}`,
    `Follow ${secret}`,
    `Follow ${MARKER}`,
    `Follow ${followToken}`,
    `Follow ft.${follow.secret.split('.')[0]}.${MARKER.repeat(4)}`,
    MARKER,
  ]) {
    await overHttp(authorization, `${MARKER}-${answers.length}`);
    await overSocket({ authorization, companyId: person.caller.companyId }, `${MARKER}-${answers.length}`);
  }
  await overHttp(`Bearer ${token}`, MARKER.repeat(20));
  await overSocket({ authorization: `Bearer ${token}`, companyId: person.caller.companyId }, MARKER.repeat(20));
  const cookie = `aliteo-session=${MARKER}`;
  for (const site of ['same-origin', 'cross-site']) {
    const headers = { cookie, 'content-type': 'application/json', 'sec-fetch-site': site };
    await keep(send(cluster.last.graphqlUrl, { method: 'POST', headers }, '{"query":"{ viewer { user { id } } }"}'));
  }
  await knockEverywhere();
  for (const method of ['GET', 'POST'])
    for (const path of [unsubscription, MARKER])
      await keep(send(`${cluster.last.url}/follow/unsubscribe/${path}`, { method }));
  for (const method of ['GET', 'DELETE'])
    for (const path of [secret, MARKER]) await keep(send(`${cluster.last.url}/f/${path}`, { method }));
}

/** At the door of followers; the answers that give a token and a renewal are for who has shown a good secret. */
async function knockEverywhere(): Promise<void> {
  const knock = (body: string, type = 'application/json') =>
    send(`${cluster.last.url}/follow/token`, { method: 'POST', headers: { 'content-type': type } }, body);
  const { secret } = follow;
  const guarded = await world.follow(await world.task(await world.project()), { password: MARKER });
  for (const shown of [
    { secret: MARKER },
    { secret: guarded.secret, password: `${MARKER}-wrong` },
    { secret: `${secret.slice(0, -4)}zzzz`, password: MARKER },
    { secret, [MARKER]: MARKER },
    { renewal: MARKER },
  ])
    for (const type of ['application/json', 'text/plain']) await keep(knock(JSON.stringify(shown), type));
  for (const body of [`{"secret":"${MARKER}`, MARKER]) await keep(knock(body));
  secrets.push(guarded.secret);
  const good = [{ secret: guarded.secret, password: MARKER }, { renewal: follower.renewal }];
  const answered = await Promise.all(good.map((shown) => knock(JSON.stringify(shown))));
  for (const { status, text } of answered) {
    expect(status).toBe(200);
    const { token, renewal } = JSON.parse(text);
    secrets.push(token, ...(renewal ? [renewal] : []));
    expect(text).not.toContain(MARKER);
  }
}

/** What an operator, a client, or whoever gets hold of the log reads. */
const expectNoSecret = () => {
  expect(cluster.last.output()).toContain('server: ready');
  for (const text of [...cluster.nodes.map((node) => node.output()), ...answers]) {
    for (const word of [...secrets, MARKER]) expect(text.includes(word) ? around(text, word) : '').toBe('');
  }
};

const around = (text: string, word: string) =>
  text.slice(Math.max(0, text.indexOf(word) - 300), text.indexOf(word) + 60);

describe('no secret is in the log or in an answer', () => {
  it('while all is well', async () => {
    await askEverything();
    expect(answers.length).toBeGreaterThan(100);
    expectNoSecret();
  }, 60_000);

  it('when one key comes several times at once', async () => {
    const { id: projectId } = await world.project();
    const body = JSON.stringify({ query: MUTATION, variables: { input: { projectId, title: 'Once' } } });
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': `${MARKER}-at-once`,
      ...headersOf(person.caller),
    };
    const all = cluster.nodes.flatMap(({ graphqlUrl }) => Array(6).fill(graphqlUrl) as string[]);
    await Promise.all(all.map((url) => keep(send(url, { method: 'POST', headers }, body))));
    expectNoSecret();
  });

  it.each(TABLES)('when %s cannot be read', async (table) => {
    const rename = (from: string, to: string) =>
      cluster.parts.orm.em.getConnection().execute(`alter table ${from} rename to ${to}`);
    const { id: projectId } = await world.project();
    await rename(table, 'lost');
    try {
      const headers = { 'content-type': 'application/json', 'x-company-id': person.caller.companyId ?? '' };
      for (const [authorization, key] of [
        [String(person.caller.authorization), `${MARKER}-${table}`],
        [`Follow ${follow.secret}`, `${MARKER}-${table}-2`],
        [`Follow ${follower.token}`, `${MARKER}-${table}-3`],
      ] as const) {
        const variables = { input: { projectId, title: 'A task' } };
        const body = JSON.stringify({ query: MUTATION, variables });
        const options = { method: 'POST', headers: { ...headers, authorization, 'idempotency-key': key } };
        await keep(send(cluster.last.graphqlUrl, options, body));
        await keep(send(cluster.last.graphqlUrl, options, JSON.stringify({ query: '{ workspaces { name } }' })));
        const save = JSON.stringify({ query: SAVE, variables: { input: { ...provider(), clientSecret: MARKER } } });
        await keep(send(cluster.last.graphqlUrl, options, save));
        const socket = await RawSocket.open(cluster.last, null);
        socket.send({ type: 'connection_init', payload: { authorization, companyId: person.caller.companyId } });
        await until(() => socket.messages.length > 0 || socket.ws.readyState > 1, 'an answer');
        answers.push(JSON.stringify(socket.messages));
        socket.ws.terminate();
      }
      for (const shown of [{ secret: follow.secret, password: MARKER }, { renewal: follower.renewal }]) {
        const asked = { method: 'POST', headers: { 'content-type': 'application/json' } };
        const answer = await send(`${cluster.last.url}/follow/token`, asked, JSON.stringify(shown));
        // Where the table is not asked, it is given what is good for nobody else.
        if (answer.status === 200) secrets.push(JSON.parse(answer.text).token);
        else answers.push(JSON.stringify(answer));
      }
    } finally {
      await rename('lost', table);
    }
    expectNoSecret();
  });
});

// The embedded database has no password.
(isEmbedded ? describe.skip : describe)('the password of the database is not in the log or in an answer', () => {
  it('when the database goes away and comes back', async () => {
    const { databaseUrl = '' } = cluster.database;
    const execute = (sql: string) => cluster.parts.orm.em.getConnection().execute(sql);
    const user = `planted_${process.pid}`;
    await execute(`create user ${user} identified by '${MARKER}'`);
    await execute(`grant all on ${new URL(databaseUrl).pathname.slice(1)}.* to ${user}`);
    const proxy = await startProxy(databaseUrl);
    const url = Object.assign(new URL(proxy.url), { username: user, password: MARKER }).href;
    const node = await startNode({ ...cluster.database, databaseUrl: url }, cluster.issuer, { LOG_LEVEL: 'debug' });
    try {
      const headers = { 'content-type': 'application/json', ...headersOf(person.caller) };
      const asks = () => send(node.graphqlUrl, { method: 'POST', headers }, '{"query":"{ workspaces { name } }"}');
      expect((await asks()).status).toBe(200);
      await proxy.cut();
      const answer = await asks();
      expect(answer.text).toContain('errors');
      expect(JSON.stringify(answer)).not.toContain(MARKER);
      await proxy.restore();
      await until(async () => !(await asks()).text.includes('errors'), 'an answer again');
    } finally {
      await node.stop();
      await proxy.close();
      await execute(`drop user ${user}`);
    }
    expect(node.output()).toContain('ECONN');
    expect(node.output()).not.toContain(MARKER);
  }, 60_000);
});

describe('no secret is in what a process leaves', () => {
  it('as its diagnostic report', async () => {
    cluster.last.process.kill('SIGUSR2');
    const files = () => readdirSync(reports).filter((file) => file.endsWith('.json'));
    await until(() => files().length > 0, 'a report');
    const read = () => readFileSync(join(reports, files()[0] ?? ''), 'utf8');
    await until(() => read().trimEnd().endsWith('}'), 'a whole report');
    const report = read();
    expect(JSON.parse(report).header.event).toBe('SIGUSR2');
    for (const word of [...secrets, MARKER]) expect(report.includes(word)).toBe(false);
  });
});
