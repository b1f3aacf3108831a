import { setTimeout as delay } from 'node:timers/promises';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Viewer } from '../auth/viewer.js';
import type { Parts } from '../domain/unit-of-work.js';
import { ApiError } from '../errors.js';
import type { Operation } from '../execution/operation.js';
import type { Variables } from '../execution/plan.js';
import { openCursor } from '../pubsub/cursor.js';
import { readHeads } from '../pubsub/event-log.js';
import { MIN_CURSOR } from '../schema/min-cursor.js';
import type { GraphContext } from './context.js';

/** How long a query waits for what it asks to see. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 50;

/** The position of the log that a query asks to see, or null. Throws NOT_FOUND for a cursor of another company. */
export function leastPosition(
  { keyring }: Pick<Parts, 'keyring'>,
  viewer: Viewer,
  operation: Operation,
  variables: Variables,
): number | null {
  if (!('companyId' in viewer)) return null;
  const cursors = operation.rootArgs(MIN_CURSOR, viewer.kind, variables);
  const positions = cursors.map((cursor) => openCursor(keyring, viewer.companyId, String(cursor)));
  return positions.length > 0 ? Math.max(...positions) : null;
}

/** Waits until the database shows the log up to there. Throws NOT_YET_VISIBLE when it takes too long. */
export async function untilVisible({ orm }: Pick<Parts, 'orm'>, companyId: string, position: number): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await delay(LOOK_MS)) {
    const head = (await readHeads(orm, [companyId])).get(companyId) ?? 0;
    if (head >= position) return;
    if (performance.now() > deadline)
      throw new ApiError('MIN_CURSOR', 'What you want to see is not there yet: ask again.');
  }
}

/** Runs an operation in the context that is made for it; where none can be made, nothing is run. */
export async function runIn(
  operation: Operation,
  variables: Variables,
  makeContext: () => Promise<GraphContext>,
): Promise<ExecutionResult> {
  try {
    return await operation.run(undefined, await makeContext(), variables);
  } catch (error) {
    return { errors: [new GraphQLError((error as Error).message, { originalError: error as Error })], data: null };
  }
}
