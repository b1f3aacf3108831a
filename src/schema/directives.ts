import { DirectiveLocation, GraphQLDirective, GraphQLEnumType, GraphQLList, GraphQLNonNull } from 'graphql';
import { Directive } from 'type-graphql';
import { SCOPES, type Scope } from './scopes.js';

/** The ways in that a root field can be opened to. */
export type Entry = 'USER' | 'MEMBER' | 'FOLLOWER' | 'INTEGRATION' | 'SUPPORT';
export type RequiredRole = 'ADMIN' | 'SUPERVISOR';

const EntryType = new GraphQLEnumType({
  name: 'Entry',
  description: 'A way into the API.',
  values: {
    USER: { description: 'A person who is signed in, whether or not a company is named.' },
    MEMBER: { description: 'An active member of the company that the request names.' },
    FOLLOWER: { description: 'An anonymous follower, by link.' },
    INTEGRATION: { description: 'A program, by an API key of the company.' },
    SUPPORT: { description: "The operator's support, to read, where an administrator let it in for a time." },
  },
});

const RequiredRoleType = new GraphQLEnumType({
  name: 'RequiredRole',
  description: 'The least role in the company.',
  values: { ADMIN: {}, SUPERVISOR: { description: 'A supervisor or an administrator.' } },
});

const RequiredScopeType = new GraphQLEnumType({
  name: 'RequiredScope',
  description: 'What an API key has to be allowed. Who may write in an area may read in it.',
  values: Object.fromEntries(SCOPES.map((scope) => [scope, {}])),
});

/** The access directives' definitions, to be given to the schema builder. */
export const accessDirectives: GraphQLDirective[] = [
  new GraphQLDirective({
    name: 'tenant',
    description: 'Answers inside one company only: the one that the request names.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
  }),
  new GraphQLDirective({
    name: 'allow',
    description: 'Opens a root field to these ways in. A root field without it stops the server from starting.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
    args: { entry: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(EntryType))) } },
  }),
  new GraphQLDirective({
    name: 'hasRole',
    description: 'Asks for a role in the company. API keys have none: of them a scope is asked.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
    args: { role: { type: new GraphQLNonNull(RequiredRoleType) } },
  }),
  new GraphQLDirective({
    name: 'scope',
    description:
      'Open to API keys: to those with this scope, or to all where none is named. Types and root fields without it are closed to them.',
    locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION],
    args: { is: { type: RequiredScopeType } },
  }),
  new GraphQLDirective({
    name: 'publicFace',
    description: 'Part of what an anonymous follower may see. All other fields are refused to followers.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
  }),
];

/** `@tenant`: see its definition. */
export const Tenant = () => Directive('@tenant');
/** `@allow(entry: […])`: see its definition. */
export const Allow = (...entries: Entry[]) => Directive(`@allow(entry: [${entries.join(', ')}])`);
/** `@hasRole(role: …)`: see its definition. */
export const HasRole = (role: RequiredRole) => Directive(`@hasRole(role: ${role})`);
/** `@scope`, or `@scope(is: …)`: see its definition. */
export const NeedsScope = (scope?: Scope) => Directive(scope ? `@scope(is: ${scope})` : '@scope');
/** `@publicFace`: see its definition. */
export const PublicFace = () => Directive('@publicFace');

/** What every root field for members starts with. */
export const ForMembers = (): MethodDecorator & PropertyDecorator => (target: object, key: string | symbol) => {
  Tenant()(target, key as string);
  Allow('MEMBER')(target, key as string);
};

/** What a root field starts with by which members, API keys and support read; without a scope, any key will do. */
export const ForReading = (scope?: Scope) => forPrograms(['MEMBER', 'INTEGRATION', 'SUPPORT'], scope);
/** The same of one by which members and API keys change something. */
export const ForActing = (scope: Scope) => forPrograms(['MEMBER', 'INTEGRATION'], scope);

const forPrograms =
  (entries: Entry[], scope: Scope | undefined): MethodDecorator & PropertyDecorator =>
  (target: object, key: string | symbol) => {
    Tenant()(target, key as string);
    Allow(...entries)(target, key as string);
    NeedsScope(scope)(target, key as string);
  };
