import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { type Answer, ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let project: Project;
let task: Row<Task>;
let person: Person;
beforeAll(async () => {
  cluster = await startCluster({ LOG_LEVEL: 'error' });
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project();
  task = await world.task(project);
  person = await world.member();
}, 30_000);
afterAll(() => cluster?.stop());

const COMMENT = `mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { body } userErrors { code } } }`;
const CREATE = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id title } userErrors { code } } }`;
const PROJECT = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { key } userErrors { field code } } }`;
const FOLLOW = `mutation ($input: GrantFollowInput!) { grantFollow(input: $input) { follow { expiresAt } userErrors { code } } }`;
const VIEW = `mutation ($input: SavePersonalViewInput!) { savePersonalView(input: $input) { view { id filter } userErrors { field code } } }`;
const PREFERENCES = `mutation ($input: UpdatePreferencesInput!) {
  updatePreferences(input: $input) { preferences { locale timeZone } userErrors { field code } } }`;
const MEMBERS = `mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id } userErrors { field code } } }`;
const TASKS = `query ($id: ID!, $filter: TaskFilter) { tasks(projectId: $id, first: 1, filter: $filter) { nodes { id } } }`;

const asAdmin = (query: string, input: object) => ask(cluster.first, world.admin.caller, query, { input });
const refusal = ({ errors }: Answer) => errors[0] && [errors[0].extensions.code, errors[0].extensions.reason];
/** The payload of an answer without errors. */
const payload = ({ data, errors }: Answer) => {
  expect(errors).toEqual([]);
  // biome-ignore lint/suspicious/noExplicitAny: whatever the document asked for
  return Object.values(data)[0] as any;
};
const newKey = () => `K${Math.random().toString(36).slice(2, 9).toUpperCase()}`;
const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });

describe('a text', () => {
  it.each<[string, string]>([
    ['as long as it may be', 'x'.repeat(20_000)],
    ['as long as it may be, in three bytes a character', '漢'.repeat(20_000)],
    ['of as many emoji as find room', '🎉'.repeat(16_000)],
  ])('%s is kept as it is', async (_what, text) => {
    expect(payload(await asAdmin(COMMENT, { taskId: task.id, body: text })).comment.body).toBe(text);
    const input = { workspaceId: world.workspace.id, key: newKey(), name: 'Long', description: text };
    expect(payload(await asAdmin(PROJECT, input)).userErrors).toEqual([]);
    expect(
      payload(await asAdmin(CREATE, { projectId: project.id, title: 'Long', description: text })).task,
    ).toBeTruthy();
  });

  it.each<[string, string]>([
    ['longer than that', 'x'.repeat(20_001)],
    ['of more bytes than find room', '🎉'.repeat(20_000)],
    ['of characters that other counts leave out', 'x\uFE0F'.repeat(20_000)],
  ])('%s is refused', async (_what, text) => {
    const invalid = ['BAD_USER_INPUT', 'ARGUMENT_INVALID'];
    expect(refusal(await asAdmin(COMMENT, { taskId: task.id, body: text }))).toEqual(invalid);
    const input = { workspaceId: world.workspace.id, key: newKey(), name: 'Long', description: text };
    expect(refusal(await asAdmin(PROJECT, input))).toEqual(invalid);
    expect(refusal(await asAdmin(CREATE, { projectId: project.id, title: text }))).toEqual(invalid);
  });

  it.each<[string, string]>([
    ['a NUL', 'a\0b'],
    ['the first half of a character', 'a\ud83c'],
    ['the second half of a character', '\udf89b'],
  ])('with %s is refused, wherever it stands', async (_what, text) => {
    const malformed = ['BAD_USER_INPUT', 'TEXT_MALFORMED'];
    expect(refusal(await asAdmin(COMMENT, { taskId: task.id, body: text }))).toEqual(malformed);
    expect(refusal(await asAdmin(CREATE, { projectId: project.id, title: text }))).toEqual(malformed);
    expect(refusal(await asAdmin(VIEW, { name: 'View', filter: { list: [{ text }] } }))).toEqual(malformed);
    expect(refusal(await asAdmin(VIEW, { name: 'View', filter: { [text]: 1 } }))).toEqual(malformed);
    const filter = { title: { contains: text } };
    const query = await ask(cluster.first, world.admin.caller, TASKS, { id: project.id, filter });
    expect(refusal(query)).toEqual(malformed);
    const literal = `mutation { createTask(input: { projectId: "${project.id}", title: ${JSON.stringify(text)} }) { cursor } }`;
    if (text.isWellFormed()) expect(refusal(await ask(cluster.first, world.admin.caller, literal))).toEqual(malformed);
  });

  it('that is empty names no project', async () => {
    const input = { workspaceId: world.workspace.id, key: newKey(), name: ' ' };
    expect(payload(await asAdmin(PROJECT, input)).userErrors).toEqual([{ field: 'name', code: 'REQUIRED' }]);
  });
});

describe('a point in time', () => {
  it.each(['9999-12-31T23:59:59-12:00', '0000-01-01T00:00:00Z'])(
    'outside the years 1 to 9999 is refused: %s',
    async (at) => {
      const out = ['BAD_USER_INPUT', 'TIME_OUT_OF_RANGE'];
      expect(refusal(await asAdmin(FOLLOW, { taskId: task.id, expiresAt: at }))).toEqual(out);
      const filter = { updatedAt: { gte: at } };
      expect(refusal(await ask(cluster.first, world.admin.caller, TASKS, { id: project.id, filter }))).toEqual(out);
    },
  );

  it('at the end of that is kept', async () => {
    const expiresAt = '9999-12-31T23:59:59.000Z';
    expect(payload(await asAdmin(FOLLOW, { taskId: task.id, expiresAt })).follow).toEqual({ expiresAt });
  });

  it.each(['0000-01-01', '0001-01-01', '9999-12-31'])('may be the day %s', async (day) => {
    const input = { projectId: project.id, title: 'Day', startOn: day, dueOn: day };
    expect(payload(await asAdmin(CREATE, input)).userErrors).toEqual([]);
    const filter = { dueOn: { eq: day } };
    const { tasks } = await get(cluster.first, world.admin.caller, TASKS, { id: project.id, filter });
    expect(tasks.nodes).toHaveLength(1);
  });
});

describe('what belongs to a person', () => {
  it('a locale or a time zone that is none, or longer than any, is told so', async () => {
    for (const [field, value] of [
      ['locale', 'no such'],
      ['locale', `en-x-${'abcdefgh-'.repeat(6)}z`],
      ['timeZone', 'Mars/Olympus'],
    ] as const) {
      expect(payload(await asAdmin(PREFERENCES, { [field]: value })).userErrors).toEqual([
        { field, code: 'NOT_SUPPORTED' },
      ]);
    }
    expect(payload(await asAdmin(PREFERENCES, { locale: 'cs-CZ', timeZone: 'Europe/Prague' })).userErrors).toEqual([]);
  });

  it('a filter is kept as it is, and told when it is too deep or too large', async () => {
    for (const filter of [nested(60), { text: 'x'.repeat(65_000) }])
      expect(payload(await asAdmin(VIEW, { name: 'View', filter })).view.filter).toEqual(filter);
    for (const filter of [nested(70), nested(110), { text: 'x'.repeat(65_536) }])
      expect(payload(await asAdmin(VIEW, { name: 'View', filter })).userErrors).toEqual([
        { field: 'filter', code: 'TOO_LARGE' },
      ]);
  });
});

describe('a filter', () => {
  const askTasks = (filter: object) => ask(cluster.first, world.admin.caller, TASKS, { id: project.id, filter });
  const numbers = (length: number) => Array.from({ length }, (_, i) => i);

  it('counts the values of its lists', async () => {
    expect((await askTasks({ number: { in: numbers(90) } })).errors).toEqual([]);
    for (const filter of [
      { number: { in: numbers(101) } },
      { title: { in: numbers(1_900).map(String) } },
      { ownerId: { in: numbers(101).map(() => world.admin.member.id) } },
      { or: [{ number: { in: numbers(60) } }, { not: { number: { in: numbers(60) } } }] },
    ]) {
      expect(refusal(await askTasks(filter))).toEqual(['BAD_USER_INPUT', 'FILTER_TOO_LARGE']);
    }
  });

  it('looks for no text that is longer than a title', async () => {
    expect((await askTasks({ title: { contains: '🎉'.repeat(300) } })).errors).toEqual([]);
    expect(refusal(await askTasks({ title: { contains: 'x'.repeat(301) } }))).toEqual([
      'BAD_USER_INPUT',
      'TEXT_TOO_LONG',
    ]);
  });
});

describe('the same at the same time gives what one after the other gives', () => {
  const TIMES = 6;
  const atOnce = async (caller: Caller, query: string, inputs: object[]) => {
    const answers = await Promise.all(
      inputs.map((input, i) => ask(cluster.nodes[i % cluster.nodes.length] as never, caller, query, { input })),
    );
    return answers.map(payload);
  };
  const codes = (payloads: { userErrors: { code: string }[] }[]) =>
    payloads.flatMap(({ userErrors }) => userErrors.map(({ code }) => code));

  it('for an invitation', async () => {
    const input = { emails: [`same-${newKey()}@example.com`] };
    const payloads = await atOnce(world.admin.caller, MEMBERS, Array(TIMES).fill(input));
    expect(codes(payloads)).toEqual([]);
    expect(new Set(payloads.map(({ invitations }) => invitations[0].id)).size).toBe(1);
  });

  it('for the key of a project', async () => {
    const input = { workspaceId: world.workspace.id, key: newKey(), name: 'Same' };
    expect(codes(await atOnce(world.admin.caller, PROJECT, Array(TIMES).fill(input)))).toEqual(
      Array(TIMES - 1).fill('KEY_TAKEN'),
    );
  });

  it("for a person's first preferences", async () => {
    const inputs = Array.from({ length: TIMES }, (_, i) => ({ locale: i % 2 ? 'cs' : 'de' }));
    const payloads = await atOnce(person.caller, PREFERENCES, inputs);
    expect(codes(payloads)).toEqual([]);
    expect(payloads.map(({ preferences }) => preferences.locale)).toEqual(inputs.map(({ locale }) => locale));
  });

  it('for a first sign-in, while the person is added', async () => {
    const email = `first-${newKey()}@example.com`;
    const authorization = `Bearer ${await cluster.issuer.token(email)}`;
    const [added, ...answers] = await Promise.all([
      world.member({ email, name: 'First' }),
      ...Array.from({ length: TIMES }, () => ask(cluster.last, { authorization }, '{ viewer { user { id } } }')),
    ]);
    const ids = answers.map((answer) => payload(answer).user.id);
    expect(new Set(ids)).toEqual(new Set([added.viewer.userId]));
  });
});

describe("a token's claims", () => {
  const enter = async (claims: JWTPayload) => {
    const token = await cluster.issuer.token(`claims-${newKey()}@example.com`, claims);
    return ask(cluster.first, { authorization: `Bearer ${token}` }, '{ viewer { user { name email } } }');
  };

  it('with a name that is longer than we keep, or malformed, let in with as much of it', async () => {
    expect(payload(await enter({ name: '🎉'.repeat(300) })).user.name).toBe('🎉'.repeat(200));
    expect(payload(await enter({ name: 'A\0da' })).user.name).toBe('Ada');
    expect(payload(await enter({ name: ' ' })).user.name).toMatch(/^claims-/);
  });

  it('with an address of the greatest length let in, by a name that is a part of it', async () => {
    const email = `${newKey().toLowerCase()}${'a'.repeat(230)}@example.com`.slice(-254);
    expect(payload(await enter({ email, name: undefined })).user).toEqual({ email, name: email.slice(0, 200) });
  });

  it.each([`${'a'.repeat(250)}@example.com`, 'nobody', 'a\0@example.com', 'a@b@example.com'])(
    'with an address that is none that we keep, let nobody in: %j',
    async (email) => {
      expect(refusal(await enter({ email }))).toEqual(['UNAUTHENTICATED', 'EMAIL_NOT_VERIFIED']);
    },
  );
});

it('none of this was a fault of ours', () => {
  for (const node of cluster.nodes) expect(node.output()).not.toContain('unexpected error');
});
