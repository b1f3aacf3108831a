import { directoryOf } from '../auth/directory.js';
import { expectMember } from '../auth/viewer.js';
import { Comment } from '../entities/comment.js';
import { Company } from '../entities/company.js';
import { Follow } from '../entities/follow.js';
import { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { all, oneOf } from '../entities/row-filter.js';
import { findRow, listRows } from '../entities/rows.js';
import { PersonalView, User } from '../entities/user.js';
import { prefixOf } from '../schema/ids.js';
import type { Node } from '../schema/node.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { findVisibleProject, findVisibleTask, readablePrivacies } from './visible.js';

type Find = (context: GraphContext, id: string) => Promise<Node | null>;

/** How each kind of object is found by id, by somebody who may see it. */
const FINDERS = new Map<string | null, Find>(
  Object.entries<Find>({
    company: async (context, id) =>
      id === expectMember(context.viewer).companyId ? findRow(context.rowsOf(COMPANY), Company, id) : null,
    user: async ({ em, viewer }, id) => (id === expectMember(viewer).userId ? findRow(em, User, id) : null),
    view: ({ em }, id) => em.findOne(PersonalView, { id }),
    member: async (context, id) => {
      const source = context.rowsOf(COMPANY);
      const directory = await directoryOf(source, await context.grants());
      const [member] = await listRows(source, Member, all(oneOf('id', [id]), directory));
      return member ?? null;
    },
    workspace: async (context, id) =>
      expectMember(context.viewer).membership === 'INTERNAL' ? findRow(context.rowsOf(COMPANY), Workspace, id) : null,
    project: findVisibleProject,
    task: findVisibleTask,
    comment: async (context, id) => {
      // Comments are not altered, and a new one has a new id.
      const comment = await findRow(context.rowsOf(COMPANY), Comment, id);
      if (!comment || !readablePrivacies(context).includes(comment.privacy)) return null;
      return (await findVisibleTask(context, comment.task.id)) ? comment : null;
    },
    follow: async (context, id) =>
      expectMember(context.viewer).role === 'ADMIN' ? findRow(context.rowsOf(COMPANY), Follow, id) : null,
  }),
);

/** Any object that the viewer sees, by its global id. */
export const findNode = async (context: GraphContext, id: string): Promise<Node | null> =>
  (await FINDERS.get(prefixOf(id))?.(context, id)) ?? null;
