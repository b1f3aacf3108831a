import { describe, expect, it } from '@jest/globals';
import { isDone, type Mover, mayClose, move, publicStatus } from '../../src/domain/task-status.js';
import { ClosingPolicy, PublicTaskStatus, TaskStatus } from '../../src/entities/vocabulary.js';
import { UserError } from '../../src/errors.js';

/**
 * Every pair of statuses: from the row's, to the column's (in the same order).
 *   >  goes                                     w  goes, and remembers where it stood
 *   b  goes back to where it stood before       c  goes for whoever may close
 *   g  the owner grants what was requested      r  the owner rejects: it goes back to where it stood before
 *   o  whoever may close reopens                .  is there already              -  no way for anybody
 */
const TABLE = `
                          NEW PRG  OWN MEM PRJ TSK SUS  CLR CAR  CLD CAN
  NEW                     .   >    w   w   w   w   w    w   w    c   c
  IN_PROGRESS             -   .    w   w   w   w   w    w   w    c   c
  AWAITING_OWNER          b   b    .   -   -   -   -    -   -    -   -
  AWAITING_MEMBER         b   b    -   .   -   -   -    -   -    -   -
  AWAITING_PROJECT        b   b    -   -   .   -   -    -   -    -   -
  AWAITING_TASK           b   b    -   -   -   .   -    -   -    -   -
  SUSPENDED               b   b    -   -   -   -   .    -   -    -   -
  CLOSURE_REQUESTED       r   r    -   -   -   -   -    .   -    g   -
  CANCELLATION_REQUESTED  r   r    -   -   -   -   -    -   .    -   g
  CLOSED                  -   o    -   -   -   -   -    -   -    .   -
  CANCELLED               -   o    -   -   -   -   -    -   -    -   .
`;

type Way = '>' | 'w' | 'b' | 'c' | 'g' | 'r' | 'o' | '.' | '-';
interface Pair {
  from: TaskStatus;
  to: TaskStatus;
  way: Way;
}

const rows = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => line.trim().split(/\s+/)) as [TaskStatus, ...Way[]][];
const statuses = rows.map(([from]) => from);
const pairs: Pair[] = rows.flatMap(([from, ...ways]) =>
  ways.map((way, i) => ({ from, to: statuses[i] as TaskStatus, way })),
);

const MEANING: Record<Way, string> = {
  '>': 'goes',
  w: 'goes, and remembers where it stood',
  b: 'goes back only to where it stood before',
  c: 'goes for whoever may close, others are told to request it',
  g: 'is granted by whoever closes',
  r: 'is rejected by whoever closes, back to where it stood before',
  o: 'is reopened by whoever may close',
  '.': 'is there already',
  '-': 'no way, and everybody is told so',
};

const MOVERS: Record<string, Mover> = {
  'an internal': { isExternal: false, decides: false },
  'an internal who decides': { isExternal: false, decides: true },
  'an external': { isExternal: true, decides: false },
  'an external who decides': { isExternal: true, decides: true },
};

/** Who closes and cancels without asking. */
const CLOSERS: Record<ClosingPolicy, string[]> = {
  ANYONE: ['an internal', 'an internal who decides', 'an external', 'an external who decides'],
  ANY_INTERNAL: ['an internal', 'an internal who decides', 'an external who decides'],
  ON_REQUEST: ['an internal who decides', 'an external who decides'],
};

/** The status to return to later (null for none) when the move goes, the reason code when it does not. */
function outcome(act: () => TaskStatus | null): { returnsTo: TaskStatus | null } | string {
  try {
    return { returnsTo: act() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error).toMatchObject({ field: 'status', message: expect.stringMatching(/\w/) });
    return error.code;
  }
}

function expected({ from, to, way }: Pair, before: TaskStatus | null, closes: boolean): ReturnType<typeof outcome> {
  const goes = { returnsTo: null };
  switch (way) {
    case '>':
      return goes;
    case 'w':
      return { returnsTo: from };
    case 'b':
      return to === before ? goes : 'RETURNS_TO_BEFORE';
    case 'c':
      return closes ? goes : 'CLOSING_ON_REQUEST';
    case 'g':
      return closes ? goes : 'OWNER_DECIDES';
    case 'r':
      if (to !== before) return 'RETURNS_TO_BEFORE';
      return closes ? goes : 'OWNER_DECIDES';
    case 'o':
      return closes ? goes : 'REOPENING';
    case '.':
      return 'SAME_STATUS';
    case '-':
      return 'NOT_IN_TABLE';
  }
}

describe('the table of moves', () => {
  it('knows every status', () => {
    expect(statuses.toSorted()).toEqual(Object.keys(TaskStatus).toSorted());
    expect(pairs).toHaveLength(statuses.length ** 2);
  });

  it.each(pairs.map((pair) => [`${pair.from} → ${pair.to}: ${MEANING[pair.way]}`, pair] as const))(
    '%s',
    (_name, pair) => {
      const returns = /^(AWAITING_|SUSPENDED|\w+_REQUESTED$)/.test(pair.from);
      const befores: (TaskStatus | null)[] = returns ? ['NEW', 'IN_PROGRESS'] : [null];
      for (const policy of Object.values(ClosingPolicy)) {
        for (const [who, mover] of Object.entries(MOVERS)) {
          for (const statusBefore of befores) {
            const got = outcome(() => move({ status: pair.from, statusBefore }, pair.to, policy, mover));
            const want = expected(pair, statusBefore, CLOSERS[policy].includes(who));
            expect({ who, policy, statusBefore, outcome: got }).toEqual({ who, policy, statusBefore, outcome: want });
          }
        }
      }
    },
  );
});

describe('who closes without asking', () => {
  it.each(Object.values(ClosingPolicy))('under %s', (policy) => {
    const closers = Object.keys(MOVERS).filter((who) => mayClose(policy, MOVERS[who] as Mover));
    expect(closers).toEqual(CLOSERS[policy]);
  });
});

describe('what an anonymous follower is told of a status', () => {
  const FACES: Record<TaskStatus, PublicTaskStatus> = {
    NEW: 'OPEN',
    IN_PROGRESS: 'OPEN',
    AWAITING_OWNER: 'AWAITING_OWNER',
    AWAITING_MEMBER: 'OPEN',
    AWAITING_PROJECT: 'OPEN',
    AWAITING_TASK: 'OPEN',
    SUSPENDED: 'OPEN',
    CLOSURE_REQUESTED: 'CLOSURE_REQUESTED',
    CANCELLATION_REQUESTED: 'CANCELLATION_REQUESTED',
    CLOSED: 'CLOSED',
    CANCELLED: 'CANCELLED',
  };

  it.each(statuses)('%s', (status) => {
    expect(publicStatus(status)).toBe(FACES[status]);
    expect(isDone(status)).toBe(status === 'CLOSED' || status === 'CANCELLED');
  });

  it('is one of the six public words', () => {
    expect(Object.keys(PublicTaskStatus).toSorted()).toEqual([...new Set(Object.values(FACES))].toSorted());
  });
});
