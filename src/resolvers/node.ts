import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { directoryOf } from '../auth/directory.js';
import { expectMember } from '../auth/viewer.js';
import { Comment } from '../entities/comment.js';
import { Company } from '../entities/company.js';
import { Follow } from '../entities/follow.js';
import { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { PersonalView, User } from '../entities/user.js';
import { notFound } from '../errors.js';
import { ForMembers } from '../schema/directives.js';
import { prefixOf } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import type { GraphContext } from './context.js';
import { findVisibleProject, findVisibleTask, readablePrivacies } from './visible.js';

type Find = (context: GraphContext, id: string) => Promise<Node | null>;

/** How each kind of object is found by id, by somebody who may see it. */
const FINDERS = new Map<string | null, Find>(
  Object.entries<Find>({
    company: async ({ em, viewer }, id) => (id === expectMember(viewer).companyId ? em.findOne(Company, { id }) : null),
    user: async ({ em, viewer }, id) => (id === expectMember(viewer).userId ? em.findOne(User, { id }) : null),
    view: ({ em }, id) => em.findOne(PersonalView, { id }),
    member: async (context, id) =>
      context.em.findOne(Member, { $and: [{ id }, await directoryOf(context.em, await context.grants())] }),
    workspace: async ({ em, viewer }, id) =>
      expectMember(viewer).membership === 'INTERNAL' ? em.findOne(Workspace, { id }) : null,
    project: findVisibleProject,
    task: findVisibleTask,
    comment: async (context, id) => {
      const comment = await context.em.findOne(Comment, { id, privacy: { $in: readablePrivacies(context) } });
      return comment && (await findVisibleTask(context, comment.task.id)) ? comment : null;
    },
    follow: async ({ em, viewer }, id) => (expectMember(viewer).role === 'ADMIN' ? em.findOne(Follow, { id }) : null),
  }),
);

@Resolver()
export class NodeResolver {
  @ForMembers()
  @Query(() => Node, { description: 'Any object that you see, by its global id.' })
  async node(@Arg('id', () => ID) id: string, @Ctx() context: GraphContext): Promise<Node> {
    const node = await FINDERS.get(prefixOf(id))?.(context, id);
    if (!node) throw notFound();
    return node;
  }
}
