import { Field, ID, InterfaceType } from 'type-graphql';
import { PublicFace } from './directives.js';
import { type IdPrefix, prefixOf } from './ids.js';

/** The type that an id's prefix stands for. */
const TYPES = {
  company: 'Company',
  user: 'User',
  view: 'PersonalView',
  member: 'Member',
  workspace: 'Workspace',
  project: 'Project',
  task: 'Task',
  comment: 'Comment',
  follow: 'Follow',
  apikey: 'ApiKey',
  support: 'SupportGrant',
  follower: 'Follower',
  domain: 'SsoDomain',
  provider: 'SsoProvider',
  invitation: 'Invitation',
} satisfies Partial<Record<IdPrefix, string>>;

/** Whatever has a global id. */
@InterfaceType({
  description: 'Whatever has a global id.',
  resolveType: ({ id }: Node) => TYPES[prefixOf(id) as keyof typeof TYPES],
})
export abstract class Node {
  @PublicFace()
  @Field(() => ID)
  id!: string;
}
