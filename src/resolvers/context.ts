import { type Grants, loadGrants } from '../auth/grants.js';
import { levelOn, type Policy } from '../auth/rule.js';
import { expectMember, type Viewer } from '../auth/viewer.js';
import type { Done, Parts } from '../domain/unit-of-work.js';
import type { EntityManager } from '../entities/orm.js';
import type { Row, RowSource } from '../entities/rows.js';
import type { Task } from '../entities/task.js';
import type { Level } from '../entities/vocabulary.js';
import { UserError } from '../errors.js';
import { sealCursor } from '../pubsub/cursor.js';
import type { Payload } from '../schema/payload.js';
import { Reading } from './reading.js';
import type { References } from './references.js';
import type { Trace } from './trace.js';

type FactsOf<F extends string> = Readonly<Record<F, string | null>>;

/** What a resolver works with: one per operation, and a new one for every payload of a subscription. */
export interface GraphContext {
  readonly parts: Parts;
  readonly viewer: Viewer;
  readonly em: EntityManager;
  /** The same, for what is read as rows. */
  readonly source: RowSource;
  /** Where this server is reached, for links. */
  readonly publicUrl: string;
  /** Projects, members and users that rows refer to. */
  readonly references: References;
  findTask(id: string): Promise<Row<Task> | null>;
  /** Whether the member sees an object with these facts, and what they may do with it; null when they do not see it. */
  sees<F extends string>(policy: Policy<F>, facts: FactsOf<F>): Promise<boolean>;
  level<F extends string>(policy: Policy<F>, facts: FactsOf<F>): Promise<Level | null>;
  /** The member's grants, read once; for filters on rows. */
  grants(): Promise<Grants>;
}

export type ContextSettings = Pick<GraphContext, 'parts' | 'publicUrl'> & {
  refresh(viewer: Viewer): Promise<Viewer | null>;
};

/** What is asked about the viewer's rights, and who answers it. */
type Judge = Pick<GraphContext, 'sees' | 'level' | 'grants'>;

/** For one operation of one viewer. Its EntityManager is bound to their company and user. */
export function createContext(settings: ContextSettings, viewer: Viewer): GraphContext {
  const reading = new Reading(settings.parts.orm, {
    companyId: 'companyId' in viewer ? viewer.companyId : undefined,
    userId: 'userId' in viewer ? viewer.userId : undefined,
  });
  let loading: Promise<Grants> | undefined;
  const grants = () => (loading ??= loadGrants(reading.source, expectMember(viewer)));
  return contextOf(settings, viewer, reading, {
    sees: async (policy, facts) => levelOn(policy, await grants(), facts) !== null,
    level: async (policy, facts) => levelOn(policy, await grants(), facts),
    grants,
  });
}

/** For a payload that others may be given too: reads what they all may, and keeps a trace of what it asks about the viewer. */
export const createSharedContext = (settings: ContextSettings, trace: Trace, reading: Reading): GraphContext =>
  contextOf(settings, trace.viewer, reading, {
    sees: async (policy, facts) => trace.sees(policy, facts),
    level: async (policy, facts) => trace.level(policy, facts),
    grants: async () => trace.grants,
  });

const contextOf = (
  { parts, publicUrl }: ContextSettings,
  viewer: Viewer,
  reading: Reading,
  judge: Judge,
): GraphContext => ({
  parts,
  publicUrl,
  viewer,
  get em() {
    return reading.em;
  },
  get source() {
    return reading.source;
  },
  get references() {
    return reading.references;
  },
  findTask: (id) => reading.findTask(id),
  ...judge,
});

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
