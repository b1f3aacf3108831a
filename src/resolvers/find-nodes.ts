import type { EntityClass } from '@mikro-orm/core';
import { directoryOf } from '../auth/directory.js';
import { expectReading, type Viewer } from '../auth/viewer.js';
import { ApiKey } from '../entities/api-key.js';
import { Comment } from '../entities/comment.js';
import { Company } from '../entities/company.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { all, oneOf } from '../entities/row-filter.js';
import { findRows, listRows, type RowSource } from '../entities/rows.js';
import { SsoDomain, SsoProvider } from '../entities/single-sign-on.js';
import { SupportGrant } from '../entities/support-grant.js';
import { PersonalView, User } from '../entities/user.js';
import { prefixOf } from '../schema/ids.js';
import type { Node } from '../schema/node.js';
import { hasScope, type Scope } from '../schema/scopes.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { findVisibleProject, findVisibleTask, privaciesOf, readablePrivacies, visibleFollows } from './visible.js';

/** The kinds that API keys find, and the scope that it takes; those of others they find none of. */
const OPEN_TO_KEYS: ReadonlyMap<string | null, Scope | null> = new Map<string, Scope | null>([
  ['company', null],
  ['member', 'MEMBERS_READ'],
  ['workspace', 'PROJECTS_READ'],
  ['project', 'PROJECTS_READ'],
  ['task', 'TASKS_READ'],
  ['comment', 'COMMENTS_READ'],
]);

type Found = readonly Node[];
type Find = (context: GraphContext, ids: readonly string[]) => Promise<Found> | Found;

/** How many objects of each kind are found by their ids, by somebody who may see them; what they do not see is left out. */
const FINDERS = new Map<string | null, Find>(
  Object.entries<Find>({
    company: (context, ids) => {
      const { companyId } = expectReading(context.viewer);
      return ids.includes(companyId) ? findRows(context.rowsOf(COMPANY), Company, { id: companyId }) : [];
    },
    user: ({ em, viewer }, ids) => {
      if (viewer.kind !== 'MEMBER') return [];
      const { userId } = viewer;
      return ids.includes(userId) ? findRows(em, User, { id: userId }) : [];
    },
    view: ({ em, viewer, isBySso }, ids) =>
      viewer.kind === 'MEMBER' && !isBySso ? em.find(PersonalView, { id: { $in: [...ids] } }) : [],
    member: async (context, ids) => {
      const source = context.rowsOf(COMPANY);
      const directory = await directoryOf(source, await context.grants());
      return listRows(source, Member, all(oneOf('id', ids), directory));
    },
    workspace: (context, ids) =>
      privaciesOf(expectReading(context.viewer)).includes('INTERNAL')
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
    domain: forAdmins(SsoDomain),
    provider: forAdmins(SsoProvider),
    follow: findFollows,
    follower: async (context, ids) => {
      const followers = await findRows(context.rowsOf(COMPANY), Follower, { id: ids });
      const follows = await findFollows(context, [...new Set(followers.map(({ follow }) => follow.id))]);
      const seen = new Set(follows.map(({ id }) => id));
      return followers.filter(({ follow }) => seen.has(follow.id));
    },
    apikey: forAdmins(ApiKey),
    support: forAdmins(SupportGrant),
    // Time alone makes one expire, of which no event tells.
    invitation: forAdmins(Invitation, ({ em }) => em),
  }),
);

async function findFollows(context: GraphContext, ids: readonly string[]): Promise<Found> {
  if (context.viewer.kind !== 'MEMBER') return [];
  return listRows(context.rowsOf(COMPANY), Follow, all(oneOf('id', ids), await visibleFollows(context)));
}

/** For what administrators see all of, and nobody else any. */
function forAdmins<T extends Node>(
  type: EntityClass<T>,
  sourceOf: (context: GraphContext) => RowSource = (context) => context.rowsOf(COMPANY),
): Find {
  return (context, ids) =>
    context.viewer.kind === 'MEMBER' && context.viewer.role === 'ADMIN'
      ? findRows<Node>(sourceOf(context), type, { id: ids })
      : [];
}

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
  const found = await Promise.all(
    kinds.map(([kind, those]) => (isOpenTo(context.viewer, kind) ? FINDERS.get(kind)?.(context, those) : null) ?? []),
  );
  const nodes = new Map(found.flat().map((node) => [node.id, node]));
  return ids.map((id) => nodes.get(id) ?? null);
}

function isOpenTo(viewer: Viewer, kind: string | null): boolean {
  if (viewer.kind !== 'INTEGRATION') return true;
  const scope = OPEN_TO_KEYS.get(kind);
  return scope === null || (scope !== undefined && hasScope(viewer.scopes, scope));
}

/** Any object that the viewer sees, by its global id. */
export const findNode = async (context: GraphContext, id: string): Promise<Node | null> =>
  (await findNodes(context, [id]))[0] ?? null;
