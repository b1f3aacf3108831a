import { DirectiveLocation, GraphQLDirective, GraphQLEnumType, GraphQLList, GraphQLNonNull } from 'graphql';
import { Directive } from 'type-graphql';

/** The ways in that a root field can be opened to. */
export type Entry = 'USER' | 'MEMBER' | 'FOLLOWER';
export type RequiredRole = 'ADMIN' | 'SUPERVISOR';

const EntryType = new GraphQLEnumType({
  name: 'Entry',
  description: 'A way into the API.',
  values: {
    USER: { description: 'A person who is signed in, whether or not a company is named.' },
    MEMBER: { description: 'An active member of the company that the request names.' },
    FOLLOWER: { description: 'An anonymous follower, by link.' },
  },
});

const RequiredRoleType = new GraphQLEnumType({
  name: 'RequiredRole',
  description: 'The least role in the company.',
  values: { ADMIN: {}, SUPERVISOR: { description: 'A supervisor or an administrator.' } },
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
    description: 'Asks for a role in the company.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
    args: { role: { type: new GraphQLNonNull(RequiredRoleType) } },
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
/** `@publicFace`: see its definition. */
export const PublicFace = () => Directive('@publicFace');

/** What every root field for members starts with. */
export const ForMembers = (): MethodDecorator & PropertyDecorator => (target: object, key: string | symbol) => {
  Tenant()(target, key as string);
  Allow('MEMBER')(target, key as string);
};
