import { type Grants, loadGrants } from '../auth/grants.js';
import { expectMember, type Viewer } from '../auth/viewer.js';
import type { Done, Parts } from '../domain/unit-of-work.js';
import { type EntityManager, forkFor } from '../entities/orm.js';
import { UserError } from '../errors.js';
import { sealCursor } from '../pubsub/cursor.js';
import type { Payload } from '../schema/payload.js';

/** What a resolver works with: one per operation, and a new one for every event of a subscription. */
export interface GraphContext {
  parts: Parts;
  viewer: Viewer;
  em: EntityManager;
  heartbeatMs: number;
  /** Where this server is reached, for links. */
  publicUrl: string;
  /** The same viewer as things stand now, or null when the way in has been closed. */
  refreshViewer(): Promise<Viewer | null>;
  /** The member's grants, read once. */
  grants(): Promise<Grants>;
  /** Ends with the operation; a subscription's stream stops on it. */
  signal: AbortSignal;
}

export type ContextSettings = Pick<GraphContext, 'parts' | 'heartbeatMs' | 'publicUrl'> & {
  refresh(viewer: Viewer): Promise<Viewer | null>;
};

/** Binds an EntityManager to the viewer's company and user; what belongs to others is out of its reach. */
export function createContext(settings: ContextSettings, viewer: Viewer, signal: AbortSignal): GraphContext {
  const { refresh, ...rest } = settings;
  const em = forkFor(settings.parts.orm, {
    companyId: 'companyId' in viewer ? viewer.companyId : undefined,
    userId: 'userId' in viewer ? viewer.userId : undefined,
  });
  let grants: Promise<Grants> | undefined;
  return {
    ...rest,
    viewer,
    em,
    signal,
    refreshViewer: () => refresh(viewer),
    grants: () => (grants ??= loadGrants(em, expectMember(viewer))),
  };
}

/** Runs a command and makes its payload; what the user can mend becomes `userErrors`. */
export async function answer<T>(
  context: GraphContext,
  field: string,
  command: () => Promise<Done<T>>,
): Promise<Payload & Record<string, unknown>> {
  try {
    const { result, seq } = await command();
    const { companyId } = expectMember(context.viewer);
    return { [field]: result, userErrors: [], cursor: sealCursor(context.parts.keyring, companyId, seq) };
  } catch (error) {
    return { [field]: null, userErrors: [userErrorItem(error)], cursor: null };
  }
}

/** Throws what is not for the user to mend. */
export function userErrorItem(error: unknown) {
  if (!(error instanceof UserError)) throw error;
  return { field: error.field ?? null, code: error.code, message: error.message };
}
