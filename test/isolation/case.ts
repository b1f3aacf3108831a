import { sealCursor } from '../../src/pubsub/cursor.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { get } from '../harness/client.js';
import type { Node } from '../harness/cluster.js';
import type { Paged } from './documents.js';
import type { Side, Who } from './sides.js';

/** One way to fill one place that takes an id. */
export interface Case {
  as: Who;
  document: string;
  /** Rightful ids throughout; made anew for every try, so that no try spoils the next one. */
  variables: (side: Side, node: Node) => Promise<object> | object;
  /** Where in the variables the id stands. */
  at: string;
  /** Ids of the same kind, in the viewer's own company, that the viewer has no right to; or why there are none. */
  hidden: Record<string, (side: Side) => string> | string;
  /** How an id that is none for this viewer is answered: by an error, by a user error with this code, by an empty page, by null in its place. */
  answer: 'NOT_FOUND' | 'NOT_A_MEMBER' | 'EMPTY' | 'NULL';
}

const positions = 'a cursor is a position: the lists filter what stands beyond it';

export const refused = (parts: Omit<Case, 'answer'>): Case => ({ ...parts, answer: 'NOT_FOUND' });
export const notMember = (parts: Omit<Case, 'answer'>): Case => ({ ...parts, answer: 'NOT_A_MEMBER' });

/** The same document asked once more gives the cursor of its page's end, or of its beginning. */
export function paged(field: string, as: Who, document: Paged, variables: (side: Side) => object = () => ({})) {
  const cases = (['after', 'before'] as const).map((end) => {
    const asked = document(end);
    const name = end === 'after' ? 'endCursor' : 'startCursor';
    const one = refused({
      as,
      document: asked,
      at: end,
      hidden: positions,
      variables: async (side, node) => {
        const given = variables(side);
        const answer = JSON.stringify(await get(node, side.callers[as], asked, given));
        return { ...given, [end]: new RegExp(`"${name}":"([^"]+)"`).exec(answer)?.[1] };
      },
    });
    return [`${field}.${end}`, one] as const;
  });
  return Object.fromEntries(cases);
}

/** A position of the company's log, where a document takes one. */
export const positioned = (
  as: Who,
  document: string,
  at: string,
  variables: (side: Side) => object = () => ({}),
): Case =>
  refused({
    as,
    document,
    at,
    hidden: positions,
    variables: async (side) => {
      const { parts, companyId } = side;
      const seq = (await readHeads(parts.orm, [companyId])).get(companyId) ?? 0;
      return { ...variables(side), [at]: sealCursor(parts.keyring, companyId, seq) };
    },
  });

export const streamed = (as: Who, document: string, variables?: (side: Side) => object): Case =>
  positioned(as, document, 'after', variables);
