import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { insertRows } from '../../src/entities/rows.js';
import { User } from '../../src/entities/user.js';
import { newId } from '../../src/schema/ids.js';
import { ask, type Caller, codeOf, get } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { until } from '../harness/until.js';

const DRAIN_MS = 3_000;

let database: TestDatabase;
let issuer: TestIssuer;
let node: Node | undefined;
beforeAll(async () => {
  database = await createDatabase();
  issuer = await startIssuer();
}, 60_000);
afterAll(async () => {
  await node?.stop('SIGKILL');
  await issuer?.stop();
  await database?.drop();
});

/** What the operator types, on the same database as the server's. */
const aliteo = (...args: string[]) => aliteoOn(database, ...args);
const aliteoOn = ({ dataDir, databaseUrl }: TestDatabase, ...args: string[]) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const env = { PATH: process.env.PATH, DATA_DIR: dataDir, DATABASE_URL: databaseUrl ?? '' };
    const cli = ['--disable-warning=ExperimentalWarning', '--enable-source-maps', 'dist/src/cli.js'];
    execFile(process.execPath, [...cli, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

const COMPANIES = '{ companies { role kind company { id name } } }';

describe('from an empty database', () => {
  it('the schema is made once', async () => {
    expect(await aliteo('migrate')).toEqual({ code: 0, output: expect.stringMatching(/^Ran .+\.\n$/) });
    expect(await aliteo('migrate')).toEqual({ code: 0, output: 'The schema is up to date.\n' });
  });

  it('a company is made, and its first administrator signs in with that address and lets others in', async () => {
    const made = await aliteo('company', 'create', 'Example Inc.', '--admin', 'Ada@Example.com', '--admin-name', 'Ada');
    expect(made).toEqual({
      code: 0,
      output: expect.stringMatching(/^Created company_\w+ .+\(Ada@Example\.com\)\.\n$/),
    });
    const companyId = /company_\w+/.exec(made.output)?.[0] as string;

    node = await startNode(database, issuer, { DRAIN_MS: String(DRAIN_MS) });
    const ada: Caller = { authorization: `Bearer ${await issuer.token('ada@example.com')}`, companyId };
    expect((await get(node, ada, COMPANIES)).companies).toEqual([
      { role: 'ADMIN', kind: 'INTERNAL', company: { id: companyId, name: 'Example Inc.' } },
    ]);
    const { workspaces, members } = await get(
      node,
      ada,
      '{ workspaces { name } members(first: 5) { nodes { name } } }',
    );
    expect([workspaces, members.nodes]).toEqual([[{ name: 'General' }], [{ name: 'Ada' }]]);

    const bob: Caller = { authorization: `Bearer ${await issuer.token('bob@example.com')}` };
    expect((await get(node, bob, COMPANIES)).companies).toEqual([]);
    expect(codeOf(await ask(node, { ...bob, companyId }, COMPANIES))).toBe('NOT_FOUND');
    const invite = 'mutation { inviteMembers(input: { emails: ["bob@example.com"] }) { invitations { id } } }';
    const [{ id }] = (await get(node, ada, invite)).inviteMembers.invitations;
    await get(node, bob, `mutation { acceptInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`);
    expect((await get(node, { ...bob, companyId }, COMPANIES)).companies).toMatchObject([{ role: 'MEMBER' }]);
  });

  it('somebody who has left is forgotten, which every process shows, and the audit log stays sound', async () => {
    if (!node) throw new Error('There is no server.');
    const ada: Caller = { authorization: `Bearer ${await issuer.token('ada@example.com')}` };
    const people = async () => (await get(node as Node, ada, PEOPLE)).members.nodes;
    const PEOPLE = '{ members(first: 5) { nodes { id name email erasedAt } } }';
    const { id } = (await people()).find(({ name }: { name: string }) => name === 'bob');
    const [{ company }] = (await get(node, ada, COMPANIES)).companies;
    const erase = () => aliteo('member', 'erase', id, '--company', company.id);
    expect(await erase()).toEqual({ code: 1, output: 'Deactivate this member first.\n' });
    await get(node, ada, `mutation { deactivateMember(input: { memberId: "${id}" }) { cursor } }`);
    expect(await erase()).toEqual({ code: 0, output: expect.stringMatching(/^Erased; of [1-9]\d* entries /) });
    const forgotten = async () => (await people()).find((person: { id: string }) => person.id === id);
    await until(async () => (await forgotten()).erasedAt !== null, 'the erasure');
    expect(await forgotten()).toMatchObject({ name: 'Former member', email: `${id}@erased.invalid` });
    expect(await aliteo('audit', 'verify', '--company', company.id)).toMatchObject({ code: 0 });
    for (const [member, of] of [
      ['member_01h455vb4pex5vsknk084sn02q', company.id],
      [id, 'company_01h455vb4pex5vsknk084sn02q'],
      ['bob', company.id],
    ])
      expect(await aliteo('member', 'erase', member, '--company', of)).toMatchObject({ code: 1 });
  });

  it('a company whose administrator has no address is not made, and says why without a stack', async () => {
    const made = await aliteo('company', 'create', 'Example Inc.', '--admin', 'ada');
    expect(made).toEqual({ code: 1, output: 'This is not an e-mail address.\n' });
  });
});

describe('a database that is to be filled with generated companies', () => {
  let empty: TestDatabase;
  beforeAll(async () => {
    empty = await createDatabase();
    await aliteoOn(empty, 'migrate');
  });
  afterAll(() => empty?.drop());

  const seed = (...options: string[]) => aliteoOn(empty, 'seed', ...options);
  const SMALL = ['--companies', '2', '--projects', '2', '--tasks', '5', '--members', '3'];

  it('is asked for in whole numbers', async () => {
    for (const wrong of ['0', '1.5', 'many']) {
      const { code, output } = await seed('--companies', wrong);
      expect([code, output]).toEqual([1, expect.stringContaining('It must be a whole number from 1 to 1000000.')]);
    }
  });

  it('is filled, and tells how far it is in plain lines where there is no terminal', async () => {
    const { code, output } = await seed(...SMALL);
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(
        /^10 of 20 tasks, \d+ a second\n20 of 20 .+\n2 companies with 20 tasks are there: \d+ tasks a second\.\nThe first one is company_\w+, its administrator person-1\.company-1@example\.com\.\n$/,
      ),
    ]);
  });

  it('is filled once, and says what to do then', async () => {
    const { code, output } = await seed(...SMALL);
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/^Nothing done: .+start from an empty database: .+\.\n$/),
    ]);
  });

  it('says what to do when it fails half-way', async () => {
    const taken = await createDatabase();
    try {
      await aliteoOn(taken, 'migrate');
      const parts = await openParts(taken);
      const inTheWay = { id: newId('user'), email: 'person-2.company-2@example.com', name: '', createdAt: new Date() };
      await insertRows(parts.orm.em.fork(), User, [inTheWay]);
      await closeParts(parts);
      const { code, output } = await aliteoOn(taken, 'seed', ...SMALL);
      expect([code, output]).toEqual([1, expect.stringMatching(/what it had written is still there.+empty database/)]);
      expect(output).toMatch(/DATABASE_URL: the database refuses: /);
    } finally {
      await taken.drop();
    }
  });
});

describe('a process that is told to stop', () => {
  it('is not ready any more, lets no new socket in, and answers requests until it ends', async () => {
    if (!node) throw new Error('There is no server.');
    const { url, graphqlUrl, wsUrl } = node;
    const ada: Caller = { authorization: `Bearer ${await issuer.token('ada@example.com')}` };
    const readiness = async () => (await fetch(`${url}/readyz`)).status;
    const answers = async () => (await get(node as Node, ada, COMPANIES)).companies.length;
    const upgrade = async () => {
      const socket = new WebSocket(wsUrl, 'graphql-transport-ws');
      socket.on('error', () => {});
      const [outcome] = await Promise.race([
        once(socket, 'open').then(() => [101]),
        once(socket, 'unexpected-response').then(([, response]) => [response.statusCode]),
      ]);
      socket.terminate();
      return outcome;
    };
    expect([await readiness(), await answers(), await upgrade()]).toEqual([200, 1, 101]);

    const exit = node.stop('SIGTERM');
    await until(async () => (await readiness()) === 503, 'not ready');
    expect([await answers(), await upgrade(), (await fetch(`${url}/healthz`)).status]).toEqual([1, 503, 200]);
    expect(await exit).toBe(0);
    await expect(fetch(graphqlUrl)).rejects.toThrow();
  });
});
