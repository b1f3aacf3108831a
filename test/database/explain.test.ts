import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemberViewer } from '../../src/auth/viewer.js';
import { seedCompanies, seededId, seededViewer } from '../../src/domain/seed.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { ApiKey } from '../../src/entities/api-key.js';
import { AuditEntry } from '../../src/entities/audit-entry.js';
import { Comment } from '../../src/entities/comment.js';
import { Follow } from '../../src/entities/follow.js';
import { Follower, uninvited } from '../../src/entities/follower.js';
import { Invitation } from '../../src/entities/invitation.js';
import { LastUse } from '../../src/entities/last-use.js';
import { forkFor } from '../../src/entities/orm.js';
import { findRows, insertRows } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { Audience, NOWHERE } from '../harness/audience.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { conditionsOf, type Filter, joined, listFields, ordersOf } from '../harness/list-arguments.js';
import { analyze, readsTooMuch, Statements, sortsMuch } from '../harness/statements.js';

/** Projects so large that it is worth while to read a page in order. */
const PLAN = { companies: 4, projects: 4, tasks: 800, members: 30 };
/** Everybody sees it. */
const PROJECT = 3;
const MINUTES_MS = 60_000;

const schema = buildGuardedSchema();
const lists = listFields(schema);

const viewers = {
  'an internal member': seededViewer(1, 3),
  'an external': seededViewer(1, 10),
  'an administrator': seededViewer(1, 1),
} satisfies Record<string, MemberViewer>;
type Who = keyof typeof viewers;

interface Listed {
  /** Where the field stands, what is to be given beside the page, and what is asked of each row. */
  document: (list: string) => string;
  required: string;
  nodes: string;
  /** Whom the list is not open to. */
  closedTo?: readonly Who[];
}

const atRoot = (list: string) => list;
const ofTask = (list: string) => `task(id: "${publicTaskId}") { ${list} }`;

const LISTED: Record<string, Listed> = {
  'Query.tasks': {
    document: atRoot,
    required: `projectId: "${seededId('project', 1, PROJECT)}"`,
    nodes: 'key title status project { name } author { name } solver { name email } awaitedTask { id }',
  },
  'Query.projects': { document: atRoot, required: '', nodes: 'id key name manager { name }' },
  'Query.members': { document: atRoot, required: '', nodes: 'id name role' },
  'Query.follows': {
    document: atRoot,
    required: '',
    nodes: 'id label task { title } project { name progressPercent } grantedBy { name }',
    closedTo: ['an external'],
  },
  'Query.apiKeys': {
    document: atRoot,
    required: '',
    nodes: 'id name createdBy { name } secrets { prefix }',
    closedTo: ['an internal member', 'an external'],
  },
  'Query.entryPoints': {
    document: atRoot,
    required: 'kind: API_KEY',
    nodes: 'id name openedBy { name } lastUsedAt',
    closedTo: ['an internal member', 'an external'],
  },
  'Follow.followers': {
    document: (list) => `node(id: "${seededId('follow', 1, 2)}") { ... on Follow { ${list} } }`,
    required: '',
    nodes: 'id followId createdAt lastSeenAt endedAt',
    closedTo: ['an external'],
  },
  'Query.invitations': {
    document: atRoot,
    required: '',
    nodes: 'id email status kind role invitedBy { name }',
    closedTo: ['an internal member', 'an external'],
  },
  'Query.auditLog': {
    document: atRoot,
    required: '',
    nodes: 'number action details actor { name }',
    closedTo: ['an internal member', 'an external'],
  },
  'Task.comments': { document: ofTask, required: '', nodes: 'id body author { name }' },
  'Task.history': {
    document: ofTask,
    required: '',
    nodes: 'type actor { name } changes { field }',
    closedTo: ['an external'],
  },
};

let database: TestDatabase;
let parts: Parts;
let audience: Audience;
let statements: Statements;
let publicTaskId: string;

beforeAll(async () => {
  database = await createDatabase();
  parts = await openParts(database);
  await seedCompanies(parts, PLAN);
  for (let company = 1; company <= PLAN.companies; company += 1) await addTalk(company);
  await analyze(parts.orm);
  const those = { project: seededId('project', 1, PROJECT), privacy: 'PUBLIC' } as const;
  const [task] = await findRows({ orm: parts.orm, companyId: seededId('company', 1) }, Task, those);
  publicTaskId = task?.id ?? '';
  audience = new Audience(parts, schema);
  statements = new Statements(parts.orm);
}, 2 * MINUTES_MS);
afterAll(async () => {
  await audience?.fanOut.close();
  await closeParts(parts);
  await database?.drop();
});

/** Comments, follows and keys, so that these tables have many rows too. */
async function addTalk(company: number): Promise<void> {
  const companyId = seededId('company', company);
  const author = { id: seededId('member', company, 1) };
  const createdAt = new Date();
  const em = forkFor(parts.orm, { companyId });
  for (let number = 1; number <= 20; number += 1) {
    const task = { id: seededId('task', company, PROJECT, number) };
    const comments = Array.from({ length: 10 }, (_, i) => ({
      companyId,
      id: seededId('comment', company, number, i),
      task,
      number: i + 1,
      author,
      follower: null,
      followerName: null,
      body: `The ${i}. word.`,
      privacy: 'PUBLIC' as const,
      createdAt,
    }));
    await insertRows(em, Comment, comments);
    const id = seededId('follow', company, number);
    const grantedBy = { id: seededId('member', company, number % 2 === 0 ? 3 : 1) };
    const shown =
      number % 5 === 0
        ? { objectKind: 'PROJECT' as const, project: { id: seededId('project', company, PROJECT) } }
        : { objectKind: 'TASK' as const, task };
    const follow = { companyId, id, ...shown, label: '', secretHash: id, grantedBy };
    const asked = { passwordHash: null, maxFollowers: null, canComment: true, followerCount: 60 };
    await insertRows(em, Follow, [{ ...follow, ...asked, expiresAt: null, revokedAt: null, createdAt }]);
    const followers = Array.from({ length: 200 }, (_, i) => {
      const follower = seededId('follower', company, number, i);
      return {
        companyId,
        id: follower,
        follow: { id },
        renewalHash: follower,
        createdAt,
        endedAt: null,
        ...uninvited,
      };
    });
    await insertRows(em, Follower, followers);
    const uses = followers.map(({ id: objectId }) => ({ companyId, objectId, usedAt: createdAt }));
    await insertRows(em, LastUse, uses);
    const key = { companyId, id: seededId('apikey', company, number), name: 'Key', scopes: ['TASKS_READ' as const] };
    const ends = { createdAt, expiresAt: createdAt, revokedAt: null };
    await insertRows(em, ApiKey, [{ ...key, allowedAddresses: [], createdBy: author, ...ends }]);
  }
  await addInvitations(companyId, company);
  await addAudit(companyId, company);
}

/** Some open, most of them not. */
async function addInvitations(companyId: string, company: number): Promise<void> {
  const invitations = Array.from({ length: 400 }, (_, i) => {
    const email = `invited-${i}.company-${company}@example.com`;
    const at = new Date(Date.parse('2025-01-01T00:00:00Z') + i * 7_200_000);
    return {
      companyId,
      id: seededId('invitation', company, i),
      company: { id: companyId },
      email,
      openEmail: i % 10 === 0 ? email : null,
      kind: 'INTERNAL' as const,
      role: 'MEMBER' as const,
      note: '',
      secretHash: '',
      status: i % 10 === 0 ? ('PENDING' as const) : ('ACCEPTED' as const),
      invitedBy: { id: seededId('member', company, 1) },
      issuedAt: at,
      expiresAt: at,
      createdAt: at,
    };
  });
  await insertRows(forkFor(parts.orm, { companyId }), Invitation, invitations);
}

/** A year of an audit log, most of it of a few people and of the same. */
async function addAudit(companyId: string, company: number): Promise<void> {
  const em = forkFor(parts.orm, { companyId });
  const entries = Array.from({ length: 4_000 }, (_, i) => ({
    companyId,
    id: seededId('audit', company, 1, i),
    number: i + 1,
    action: `member.${i % 7}`,
    result: i % 50 === 0 ? ('REFUSED' as const) : ('DONE' as const),
    reason: i % 50 === 0 ? 'ROLE_REQUIRED' : null,
    entryPoint: 'MEMBER',
    actorId: seededId('member', company, (i % 5) + 1),
    objectId: seededId('member', company, (i % 29) + 1),
    details: '{}',
    address: null,
    userAgent: null,
    originSalt: null,
    originDigest: '',
    hash: '',
    occurredAt: new Date(Date.parse('2025-01-01T00:00:00Z') + i * 7_200_000),
  }));
  for (let from = 0; from < entries.length; from += 500)
    await insertRows(em, AuditEntry, entries.slice(from, from + 500));
}

/** What a condition compares with. A new field of another kind has to be given something here. */
function sampleOf(path: string, type: string): unknown {
  const values: Record<string, unknown> = {
    ID: /^(owner|solver|manager|actor|object)Id$/.test(path) ? seededId('member', 1, 3) : undefined,
    Int: 50,
    String: 'the report',
    LocalDate: '2025-03-15',
    DateTimeISO: '2025-03-15T12:00:00Z',
  };
  if (values[type] === undefined) throw new Error(`What is ${path} (${type}) compared with?`);
  return values[type];
}

interface Page {
  first: number;
  after?: string | undefined;
  filter?: Filter | undefined;
  orderBy?: Filter | null;
}

/** Asks as a client would; answers the end of the page. Throws what the client would be told. */
async function ask(viewer: MemberViewer, name: string, page: Page): Promise<string | undefined> {
  const { document, required, nodes } = LISTED[name] as Listed;
  const { first, after, filter, orderBy } = page;
  // What rows refer to is found by its id; it has been looked at when the filters come.
  const asked = filter ? 'id' : nodes;
  const types = { first: 'Int', after: 'String', filter: typeOf(name, 'filter'), orderBy: typeOf(name, 'orderBy') };
  const given = Object.entries(types).filter(([, type]) => type);
  const variables = given.map(([argument, type]) => `$${argument}: ${type}`).join(', ');
  const args = [required, ...given.map(([argument]) => `${argument}: $${argument}`)].join(' ');
  const list = `${name.split('.')[1]}(${args}) { nodes { ${asked} } pageInfo { endCursor } }`;
  const query = `query (${variables}) { ${document(list)} }`;
  let answer = '';
  await audience.operations.begin(
    { viewer, origin: NOWHERE, admission: null },
    { query, variables: { first, after, filter, orderBy } },
    {
      isOver: false,
      deliver: () => {},
      complete: () => {},
      next: (json) => {
        answer = json;
      },
      refuse: (errors) => {
        answer = JSON.stringify({ errors });
      },
    },
  );
  if (/"errors"/.test(answer)) throw new Error(answer);
  return /"endCursor":"([^"]+)"/.exec(answer)?.[1];
}

const typeOf = (name: string, argument: string): string | undefined =>
  lists
    .get(name)
    ?.args.find((one) => one.name === argument)
    ?.type.toString();

it('knows all lists, and all that they take', () => {
  expect([...lists.keys()].sort()).toEqual(Object.keys(LISTED).sort());
  for (const [name, { args }] of lists) {
    const known = ['first', 'after', 'last', 'before', 'filter', 'orderBy', 'minCursor'];
    const others = args.map((argument) => argument.name).filter((argument) => !known.includes(argument));
    for (const argument of others) expect(LISTED[name]?.required).toContain(`${argument}: `);
  }
});

describe.each(Object.entries(viewers))('what %s is shown', (who, viewer) => {
  const open = Object.entries(LISTED).filter(([, { closedTo }]) => !closedTo?.includes(who as Who));
  it.each(open)(
    '%s is found by an index, whatever is asked for',
    async (name) => {
      const field = lists.get(name) as NonNullable<ReturnType<typeof lists.get>>;
      const conditions = conditionsOf(field, sampleOf);
      const faults = new Set<string>();
      const look = async (page: Page) => {
        const end = await ask(viewer, name, page);
        const planned = await statements.take();
        expect(planned.map(({ sql }) => sql).join()).toContain(' limit ?');
        for (const { sql, plan } of planned) {
          const isBad = (line: string) => readsTooMuch(line) || (!page.filter && sortsMuch(line));
          if (plan.some(isBad)) faults.add(`${JSON.stringify(page)}\n${sql}\n  ${plan.join('\n  ')}`);
        }
        return end;
      };
      for (const orderBy of ordersOf(field)) {
        // A page that begins where values are absent, or just after, and one from the midst.
        const starts = [undefined, await look({ first: 2, orderBy }), await look({ first: 60, orderBy })];
        for (const filter of [undefined, ...conditions])
          for (const after of starts) await look({ first: 20, orderBy, filter, after });
      }
      for (const filter of joined(field, conditions)) await look({ first: 20, filter });
      expect([...faults].slice(0, 5)).toEqual([]);
    },
    5 * MINUTES_MS,
  );
});
