import type { GraphQLResolveInfo } from 'graphql';
import {
  type ActingViewer,
  actorIdOf,
  expectActing,
  expectFollower,
  expectMember,
  expectUserId,
  type FollowerViewer,
  type MemberViewer,
} from '../auth/viewer.js';
import type { Done, Parts } from '../domain/unit-of-work.js';
import { UserError } from '../errors.js';
import { sealCursor } from '../pubsub/cursor.js';
import type { Payload } from '../schema/payload.js';
import type { GraphContext } from './context.js';
import { findNodes } from './find-nodes.js';

/**
 * Runs a member's command and makes its payload; what the user can mend becomes `userErrors`. The parts that the command
 * is given make it safe to send again: one command, one transaction.
 */
export const answer = <T>(
  context: GraphContext,
  info: GraphQLResolveInfo,
  field: string,
  command: (parts: Parts, viewer: MemberViewer) => Promise<Done<T>>,
): Promise<Payload & Record<string, unknown>> => answerTo(context, expectMember(context.viewer), info, field, command);

/** The same for a command of members and API keys. */
export const answerActing = <T>(
  context: GraphContext,
  info: GraphQLResolveInfo,
  field: string,
  command: (parts: Parts, viewer: ActingViewer) => Promise<Done<T>>,
): Promise<Payload & Record<string, unknown>> => answerTo(context, expectActing(context.viewer), info, field, command);

async function answerTo<V extends ActingViewer, T>(
  context: GraphContext,
  viewer: V,
  info: GraphQLResolveInfo,
  field: string,
  command: (parts: Parts, viewer: V) => Promise<Done<T>>,
): Promise<Payload & Record<string, unknown>> {
  const parts = partsOf(context, info, actorIdOf(viewer));
  return payloadOf(
    context,
    field,
    viewer.companyId,
    () => command(parts, viewer),
    (result) => seesAll(context, result),
  );
}

/** The same for a follower's command; `sees` says whether they still see what it has made, when they send it again. */
export async function answerFollower<T>(
  context: GraphContext,
  info: GraphQLResolveInfo,
  field: string,
  command: (parts: Parts, viewer: FollowerViewer) => Promise<Done<T>>,
  sees: () => Promise<boolean>,
): Promise<Payload & Record<string, unknown>> {
  const viewer = expectFollower(context.viewer);
  const parts = partsOf(context, info, actorIdOf(viewer));
  return payloadOf(context, field, viewer.companyId, () => command(parts, viewer), sees);
}

async function payloadOf<T>(
  { keyring }: GraphContext,
  field: string,
  companyId: string,
  act: () => Promise<Done<T>>,
  sees: (result: T) => Promise<boolean>,
): Promise<Payload & Record<string, unknown>> {
  try {
    const { result, seq, isRepeated } = await act();
    // What is asked of the object is read now, and with the rights of now.
    const isSeen = !isRepeated || (await sees(result));
    return { [field]: isSeen ? result : null, userErrors: [], cursor: sealCursor(keyring, companyId, seq) };
  } catch (error) {
    return { [field]: null, userErrors: [userErrorItem(error)], cursor: null };
  }
}

/** The same for a command on what is the user's own, which stands in no company's log. */
export async function answerOwn<T>(
  context: GraphContext,
  info: GraphQLResolveInfo,
  field: string,
  command: (parts: Parts, userId: string) => Promise<T>,
): Promise<Omit<Payload, 'cursor'> & Record<string, unknown>> {
  const userId = expectUserId(context.viewer);
  try {
    return { [field]: await command(partsOf(context, info, userId), userId), userErrors: [] };
  } catch (error) {
    return { [field]: null, userErrors: [userErrorItem(error)] };
  }
}

/** With where the command comes from. A key is its owner's, and each field of the document is done once under it. */
function partsOf(context: GraphContext, { path }: GraphQLResolveInfo, ownerId: string): Parts {
  const { keyring, idempotency } = context;
  const parts: Parts = { ...context.parts, origin: context.origin ?? undefined };
  if (!idempotency) return parts;
  const { key, bodyHash } = idempotency;
  const keyHash = keyring.fingerprint('idempotency-key', `${ownerId} ${key}`);
  const fieldHash = keyring.fingerprint('idempotency-field', String(path.key));
  return { ...parts, once: { keyHash, fieldHash, bodyHash } };
}

/** Whether the viewer still sees each object of a result: one, a list of them, or some and lists of some under names. */
async function seesAll(context: GraphContext, result: unknown): Promise<boolean> {
  const hasId = (value: unknown): value is { id: string } => typeof (value as { id?: unknown })?.id === 'string';
  const objects = hasId(result)
    ? [result]
    : Object.values(result as object)
        .flat()
        .filter(hasId);
  const ids = objects.map(({ id }) => id);
  return !(await findNodes(context, ids)).includes(null);
}

/** Throws what is not for the user to mend. */
function userErrorItem(error: unknown) {
  if (!(error instanceof UserError)) throw error;
  return { field: error.field ?? null, code: error.code, message: error.message };
}
