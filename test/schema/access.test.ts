import { readFileSync } from 'node:fs';
import { getDirective } from '@graphql-tools/utils';
import { describe, expect, it } from '@jest/globals';
import {
  buildASTSchema,
  buildSchema,
  type ExecutionResult,
  execute,
  type GraphQLField,
  type GraphQLObjectType,
  GraphQLSchema,
  isObjectType,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  printSchema,
  subscribe,
  visit,
} from 'graphql';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { type AccessSubject, guardSchema } from '../../src/schema/access.js';
import { accessDirectives } from '../../src/schema/directives.js';
import { printSdl } from '../../src/schema/print.js';
import { SCOPES, type Scope } from '../../src/schema/scopes.js';

const real = buildGuardedSchema();
const sdl = printSdl(real);
const rootTypes = [real.getQueryType(), real.getMutationType(), real.getSubscriptionType()] as GraphQLObjectType[];
const rootFields = rootTypes.flatMap((type) =>
  Object.values(type.getFields()).map((field) => ({ coordinate: `${type.name}.${field.name}`, type, field })),
);

/** The directives' own definitions, as the product gives them to its builder. */
const definitions = printSchema(new GraphQLSchema({ directives: accessDirectives }));
const schemaOf = (body: string) => buildSchema(`${definitions}\n${body}`);

/** What graphql-js made of the errors that the guards threw. */
const refusals = (result: ExecutionResult) =>
  (result.errors ?? []).map(({ originalError }) => {
    const { code, reason } = originalError as Error & { code?: string; reason?: string };
    return [code, reason];
  });

describe('a root field is closed until a directive opens it', () => {
  const guard = (fields: string) => () =>
    guardSchema(schemaOf(`type Query { open: Int @allow(entry: [MEMBER]) @tenant ${fields} }`));

  it.each([
    ['has no directive', 'secret: Int'],
    ['has no @allow', 'secret: Int @tenant'],
    ['has a role alone', 'secret: Int @hasRole(role: ADMIN)'],
    ['allows nobody', 'secret: Int @allow(entry: []) @tenant'],
    ['is open to members without @tenant', 'secret: Int @allow(entry: [MEMBER])'],
    ['is open to followers without @tenant', 'secret: Int @allow(entry: [FOLLOWER])'],
    ['is open to members and followers without @tenant', 'secret: Int @allow(entry: [MEMBER, FOLLOWER])'],
    ['is open to API keys without @scope', 'secret: Int @allow(entry: [MEMBER, INTEGRATION]) @tenant'],
    [
      'asks for a scope and is closed to API keys',
      'secret: Int @allow(entry: [MEMBER]) @tenant @scope(is: TASKS_READ)',
    ],
    ['names a tenant for people who have none', 'secret: Int @allow(entry: [USER]) @tenant'],
  ])('the schema is refused, and the field named, when a field %s', (_what, field) => {
    expect(guard(field)).toThrow(/Query\.secret/);
    expect(guard(field)).not.toThrow(/Query\.open/);
  });

  it.each([
    ['members', 'also: Int @allow(entry: [MEMBER]) @tenant'],
    ['followers', 'also: Int @allow(entry: [FOLLOWER]) @tenant'],
    ['administrators', 'also: Int @allow(entry: [MEMBER]) @tenant @hasRole(role: ADMIN)'],
    ['whoever is signed in', 'also: Int @allow(entry: [USER, MEMBER])'],
    ['API keys with a scope', 'also: Int @allow(entry: [MEMBER, INTEGRATION]) @tenant @scope(is: TASKS_READ)'],
    ['all API keys', 'also: Int @allow(entry: [MEMBER, INTEGRATION]) @tenant @scope'],
  ])('the schema is accepted when a field is open to %s', (_what, field) => {
    expect(guard(field)).not.toThrow();
  });

  it('names the unguarded fields of all three roots at once', () => {
    const schema = schemaOf(`
      type Query { one: Int  fine: Int @allow(entry: [MEMBER]) @tenant }
      type Mutation { two: Int @tenant }
      type Subscription { three: Int @allow(entry: [FOLLOWER]) }
    `);
    expect(() => guardSchema(schema)).toThrow(/Query\.one, Mutation\.two, Subscription\.three/);
  });

  it.each(rootFields.map(({ coordinate }) => coordinate))(
    'the real schema would not start without the @allow of %s',
    (coordinate) => {
      const [typeName, fieldName] = coordinate.split('.');
      const stripped = visit(parse(sdl), {
        ObjectTypeDefinition: (node) => (node.name.value === typeName ? undefined : false),
        FieldDefinition: (node) => (node.name.value === fieldName ? undefined : false),
        Directive: (node) => (node.name.value === 'allow' ? null : undefined),
        DirectiveDefinition: () => false,
      });
      const schema = buildASTSchema(stripped);
      expect(() => guardSchema(schema)).toThrow(new RegExp(`: ${coordinate.replace('.', '\\.')}$`));
      expect(() => guardSchema(buildSchema(sdl))).not.toThrow();
    },
  );
});

describe('the guard of a root field', () => {
  const schema = guardSchema(
    schemaOf(`type Query {
      members: Int @allow(entry: [MEMBER]) @tenant
      followers: Int @allow(entry: [FOLLOWER]) @tenant
      people: Int @allow(entry: [USER, MEMBER])
      supervisors: Int @allow(entry: [MEMBER]) @tenant @hasRole(role: SUPERVISOR)
      administrators: Int @allow(entry: [MEMBER]) @tenant @hasRole(role: ADMIN)
    }`),
  );
  const member = (role: AccessSubject['role']): AccessSubject => ({ kind: 'MEMBER', role: role ?? 'MEMBER' });
  const [nobody, user, follower]: AccessSubject[] = [{ kind: 'NOBODY' }, { kind: 'USER' }, { kind: 'FOLLOWER' }];
  const signIn = 'UNAUTHENTICATED NO_CREDENTIAL';
  const company = 'FORBIDDEN COMPANY_REQUIRED';
  const entry = 'FORBIDDEN ENTRY_NOT_ALLOWED';
  const role = 'FORBIDDEN ROLE_REQUIRED';

  it.each([
    ['nobody', nobody, [signIn, signIn, signIn, signIn, signIn]],
    ['a person without a company', user, [company, entry, 'ok', company, company]],
    ['a follower', follower, [entry, 'ok', entry, entry, entry]],
    ['a member', member('MEMBER'), ['ok', entry, 'ok', role, role]],
    ['a supervisor', member('SUPERVISOR'), ['ok', entry, 'ok', 'ok', role]],
    ['an administrator', member('ADMIN'), ['ok', entry, 'ok', 'ok', 'ok']],
  ])('lets %s in only where the directives say so', async (_who, viewer, expected) => {
    const outcomes = [];
    for (const field of ['members', 'followers', 'people', 'supervisors', 'administrators']) {
      const result = await execute({
        schema,
        document: parse(`{ ${field} }`),
        rootValue: { [field]: 1 },
        contextValue: { viewer },
      });
      outcomes.push(result.errors ? refusals(result).flat().join(' ') : result.data?.[field] === 1 && 'ok');
    }
    expect(outcomes).toEqual(expected);
  });
});

describe('the guard of a subscription', () => {
  const opened: unknown[] = [];
  const source = schemaOf(
    'type Query { a: Int @allow(entry: [USER]) } type Subscription { ticks: Int @allow(entry: [FOLLOWER]) @tenant }',
  );
  const ticks = source.getSubscriptionType()?.getFields().ticks as GraphQLField<unknown, unknown>;
  ticks.subscribe = async function* (_root, _args, context) {
    opened.push((context as { viewer: unknown }).viewer);
    yield { ticks: 1 };
  };
  const schema = guardSchema(source);
  const document = parse('subscription { ticks }');

  it('does not open the source for who is refused', async () => {
    for (const viewer of [{ kind: 'NOBODY' }, { kind: 'USER' }, { kind: 'MEMBER', role: 'ADMIN' }]) {
      const result = await subscribe({ schema, document, contextValue: { viewer } });
      expect(refusals(result as ExecutionResult)).toHaveLength(1);
    }
    expect(opened).toEqual([]);
  });

  it('opens it for who is allowed', async () => {
    const stream = (await subscribe({
      schema,
      document,
      contextValue: { viewer: { kind: 'FOLLOWER' } },
    })) as AsyncGenerator;
    expect(await stream.next()).toMatchObject({ value: { data: { ticks: 1 } } });
    expect(opened).toEqual([{ kind: 'FOLLOWER' }]);
  });

  it('stands before each event too, with the viewer of that moment', async () => {
    const event = (viewer: AccessSubject) =>
      execute({ schema, document, rootValue: { ticks: 2 }, contextValue: { viewer } });
    expect(await event({ kind: 'FOLLOWER' })).toMatchObject({ data: { ticks: 2 } });
    expect(refusals(await event({ kind: 'NOBODY' }))).toEqual([['UNAUTHENTICATED', 'NO_CREDENTIAL']]);
  });
});

/** What API keys may ask for, and which scope of them that takes. One root field more is a decision to be written here. */
const OPEN_TO_KEYS: Record<string, string | null> = {
  'Query.members': 'MEMBERS_READ',
  'Query.node': null,
  'Query.nodes': null,
  'Query.project': 'PROJECTS_READ',
  'Query.projects': 'PROJECTS_READ',
  'Query.projectStats': 'TASKS_READ',
  'Query.rateLimit': null,
  'Query.task': 'TASKS_READ',
  'Query.tasks': 'TASKS_READ',
  'Query.workspaces': 'PROJECTS_READ',
  'Mutation.addComment': 'COMMENTS_WRITE',
  'Mutation.assignTask': 'TASKS_WRITE',
  'Mutation.createProject': 'PROJECTS_WRITE',
  'Mutation.createTask': 'TASKS_WRITE',
  'Mutation.moveTask': 'TASKS_WRITE',
  'Mutation.updateTask': 'TASKS_WRITE',
  'Mutation.updateTasks': 'TASKS_WRITE',
  'Subscription.projectStatsChanged': 'TASKS_READ',
  'Subscription.taskChanged': 'TASKS_READ',
};

describe('scopes of API keys', () => {
  const key = (...scopes: Scope[]): AccessSubject => ({ kind: 'INTEGRATION', scopes });
  const schema = guardSchema(
    schemaOf(`
      type Query {
        thing: Thing @allow(entry: [MEMBER, INTEGRATION]) @tenant @scope(is: TASKS_READ)
        carrier: Carrier @allow(entry: [MEMBER, INTEGRATION]) @tenant @scope
      }
      type Thing @scope(is: TASKS_READ) { id: Int }
      type Person @scope(is: MEMBERS_READ) { id: Int }
      type Closed { id: Int }
      type Carrier @scope { thing: Thing person: Person closed: Closed }
    `),
  );
  const ask = async (viewer: AccessSubject, text: string) => {
    const one = { id: 1 };
    const rootValue = { thing: one, carrier: { thing: one, person: one, closed: one } };
    const result = await execute({ schema, document: parse(text), rootValue, contextValue: { viewer } });
    return refusals(result).map(([, reason]) => reason);
  };

  it('are asked of root fields, and of the types that anything leads to; a type that names none is closed', async () => {
    expect(await ask(key('MEMBERS_READ'), '{ thing { id } }')).toEqual(['SCOPE_REQUIRED']);
    expect(await ask(key('TASKS_READ'), '{ thing { id } }')).toEqual([]);
    const all = '{ carrier { thing { id } person { id } closed { id } } }';
    expect(await ask(key('TASKS_READ'), all)).toEqual(['SCOPE_REQUIRED', 'CLOSED_TO_KEYS']);
    expect(await ask(key(...SCOPES), all)).toEqual(['CLOSED_TO_KEYS']);
    expect(await ask({ kind: 'MEMBER', role: 'MEMBER' }, all)).toEqual([]);
  });

  it('to write let read in the same area, and in no other', async () => {
    expect(await ask(key('TASKS_WRITE'), '{ thing { id } }')).toEqual([]);
    expect(await ask(key('COMMENTS_WRITE'), '{ thing { id } }')).toEqual(['SCOPE_REQUIRED']);
  });

  it('open what was decided, no root field more', () => {
    const open = rootFields.flatMap(({ coordinate, field }) => {
      const entries: string[] = getDirective(real, field, 'allow')?.[0]?.entry ?? [];
      const scope: string | null = getDirective(real, field, 'scope')?.[0]?.is ?? null;
      return entries.includes('INTEGRATION') ? [[coordinate, scope]] : [];
    });
    expect(Object.fromEntries(open)).toEqual(OPEN_TO_KEYS);
  });
});

describe('the printed schema', () => {
  const types = new Map(
    parse(sdl)
      .definitions.filter(
        (definition): definition is ObjectTypeDefinitionNode => definition.kind === Kind.OBJECT_TYPE_DEFINITION,
      )
      .map((definition) => [definition.name.value, definition]),
  );
  const printed = (typeName: string, fieldName: string) =>
    types
      .get(typeName)
      ?.fields?.find((field) => field.name.value === fieldName)
      ?.directives?.map(({ name }) => name.value) ?? [];

  it.each(rootFields.map(({ coordinate }) => coordinate))('shows who may use %s', (coordinate) => {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    expect(printed(typeName, fieldName)).toContain('allow');
  });

  it('shows tenant, role and public face where they hold', () => {
    for (const type of Object.values(real.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('__')) continue;
      for (const field of Object.values(type.getFields())) {
        const holds = ['tenant', 'allow', 'hasRole', 'scope', 'publicFace'].filter((name) =>
          getDirective(real, field, name),
        );
        expect({ type: type.name, field: field.name, directives: printed(type.name, field.name).toSorted() }).toEqual({
          type: type.name,
          field: field.name,
          directives: holds.toSorted(),
        });
      }
    }
  });

  it('shows which types are open to API keys', () => {
    for (const [name, { directives }] of types) {
      const type = real.getType(name) as GraphQLObjectType;
      const isOpen = directives?.some((directive) => directive.name.value === 'scope') ?? false;
      expect([name, isOpen]).toEqual([name, getDirective(real, type, 'scope') !== undefined]);
    }
  });

  it('defines the directives that it shows', () => {
    for (const { name } of accessDirectives)
      expect(sdl).toMatch(
        new RegExp(
          `^directive @${name}\\b.* on ${name === 'scope' ? 'FIELD_DEFINITION \\| OBJECT' : 'FIELD_DEFINITION'}$`,
          'm',
        ),
      );
  });

  it('is the one that is committed', () => {
    expect(readFileSync(new URL('../../src/schema/schema.graphql', import.meta.url), 'utf8')).toBe(sdl);
  });
});
