import { directoryOf } from '../auth/directory.js';
import { expectMember } from '../auth/viewer.js';
import { Comment } from '../entities/comment.js';
import { Company } from '../entities/company.js';
import { Follow } from '../entities/follow.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { all, oneOf } from '../entities/row-filter.js';
import { findRows, listRows } from '../entities/rows.js';
import { PersonalView, User } from '../entities/user.js';
import { prefixOf } from '../schema/ids.js';
import type { Node } from '../schema/node.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { findVisibleProject, findVisibleTask, readablePrivacies } from './visible.js';

type Found = readonly Node[];
type Find = (context: GraphContext, ids: readonly string[]) => Promise<Found> | Found;

/** How many objects of each kind are found by their ids, by somebody who may see them; what they do not see is left out. */
const FINDERS = new Map<string | null, Find>(
  Object.entries<Find>({
    company: (context, ids) => {
      const { companyId } = expectMember(context.viewer);
      return ids.includes(companyId) ? findRows(context.rowsOf(COMPANY), Company, { id: companyId }) : [];
    },
    user: ({ em, viewer }, ids) => {
      const { userId } = expectMember(viewer);
      return ids.includes(userId) ? findRows(em, User, { id: userId }) : [];
    },
    view: ({ em }, ids) => em.find(PersonalView, { id: { $in: [...ids] } }),
    member: async (context, ids) => {
      const source = context.rowsOf(COMPANY);
      const directory = await directoryOf(source, await context.grants());
      return listRows(source, Member, all(oneOf('id', ids), directory));
    },
    workspace: (context, ids) =>
      expectMember(context.viewer).membership === 'INTERNAL'
        ? findRows(context.rowsOf(COMPANY), Workspace, { id: ids })
        : [],
    project: eachBy(findVisibleProject),
    task: eachBy(findVisibleTask),
    comment: async (context, ids) => {
      // Comments are not altered, and a new one has a new id.
      const comments = await findRows(context.rowsOf(COMPANY), Comment, { id: ids });
      const readable = comments.filter(({ privacy }) => readablePrivacies(context).includes(privacy));
      const tasks = await Promise.all(readable.map(({ task }) => findVisibleTask(context, task.id)));
      return readable.filter((_comment, i) => tasks[i]);
    },
    follow: (context, ids) =>
      expectMember(context.viewer).role === 'ADMIN' ? findRows(context.rowsOf(COMPANY), Follow, { id: ids }) : [],
    // Of this moment: time alone makes one expire.
    invitation: ({ em, viewer }, ids) =>
      expectMember(viewer).role === 'ADMIN' ? findRows(em, Invitation, { id: ids }) : [],
  }),
);

/** For what is found one by one, and gathered by loaders. */
function eachBy(find: (context: GraphContext, id: string) => Promise<Node | null>): Find {
  return async (context, ids) => {
    const found = await Promise.all(ids.map((id) => find(context, id)));
    return found.filter((node) => node !== null);
  };
}

/** In the order of the ids, all of a kind read together; null for what the viewer does not see. */
export async function findNodes(context: GraphContext, ids: readonly string[]): Promise<(Node | null)[]> {
  const kinds = [...Map.groupBy(new Set(ids), prefixOf)];
  const found = await Promise.all(kinds.map(([kind, those]) => FINDERS.get(kind)?.(context, those) ?? []));
  const nodes = new Map(found.flat().map((node) => [node.id, node]));
  return ids.map((id) => nodes.get(id) ?? null);
}

/** Any object that the viewer sees, by its global id. */
export const findNode = async (context: GraphContext, id: string): Promise<Node | null> =>
  (await findNodes(context, [id]))[0] ?? null;
