import type { Grants } from '../auth/grants.js';
import {
  type Columns,
  type Facts,
  filterOfKind,
  isSeen,
  levelOn,
  openFilter,
  type Policy,
  personalFacts,
  rowFilter,
  splitColumns,
} from '../auth/rule.js';
import type { Standing } from '../auth/standing.js';
import type { FollowerViewer, KeyViewer, MemberViewer, ReadingViewer, SupportViewer } from '../auth/viewer.js';
import type { Level } from '../entities/vocabulary.js';
import type { RowSight } from './row-sight.js';

type AnyFacts = Readonly<Record<string, string | null>>;
type AnyPolicy = Policy<string>;

interface Question {
  policy: AnyPolicy;
  facts: AnyFacts;
  /** The level itself, or whether there is any: who asks for less is like more others. */
  answer: Level | boolean | null;
}

const QUESTION_BYTES = 256;

/**
 * What an execution took of its viewer's standing: their role and kind, and the answers of the policies. Another viewer
 * of whom all this is true as well would be given the same result. Whatever else is read of the viewer marks the
 * result as personal, so a resolver that is not foreseen here shares nothing.
 */
export class Trace {
  isPersonal = false;
  readonly #read: { role?: string; membership?: string } = {};
  readonly #questions: Question[] = [];

  constructor(
    readonly standing: Standing,
    /** The project whose grant is part of the viewers' class. */
    readonly projectId: string | null,
  ) {}

  /** The viewer, with an eye on what is read of it. */
  get viewer(): ReadingViewer | FollowerViewer {
    const { viewer } = this.standing;
    switch (viewer.kind) {
      case 'MEMBER':
        return new WatchedMember(viewer, this);
      // All keys with the same scopes see the same, and so does all support, and whoever follows one object.
      case 'INTEGRATION':
        return watched<KeyViewer>(viewer, ['kind', 'companyId', 'scopes'], this);
      case 'SUPPORT':
        return watched<SupportViewer>(viewer, ['kind', 'companyId'], this);
      default:
        return watched<FollowerViewer>(viewer, ['kind', 'companyId', 'objectKind', 'objectId'], this);
    }
  }

  /** All the grants: what is made of them is nobody else's. */
  get grants(): Grants {
    this.isPersonal = true;
    return this.#grants;
  }

  get #grants(): Grants {
    if (!this.standing.grants) throw new Error('A follower has no grants.');
    return this.standing.grants;
  }

  read<K extends 'role' | 'membership'>(viewer: MemberViewer, name: K): MemberViewer[K] {
    this.#read[name] = viewer[name];
    return viewer[name];
  }

  sees<F extends string>(policy: Policy<F>, facts: Readonly<Record<F, string | null>>): boolean {
    const answer = isSeen(policy, this.#grants, facts);
    this.#questions.push({ policy: policy as unknown as AnyPolicy, facts, answer });
    return answer;
  }

  level<F extends string>(policy: Policy<F>, facts: Readonly<Record<F, string | null>>): Level | null {
    const answer = levelOn(policy, this.#grants, facts);
    this.#questions.push({ policy: policy as unknown as AnyPolicy, facts, answer });
    return answer;
  }

  /** Rows are read for all of a kind, and of each it is asked whether the viewer sees it: most people see the same ones. */
  sight<F extends string, R>(
    policy: Policy<F>,
    columns: Columns<F>,
    known: Partial<Facts<F>>,
    factsOf: (row: R) => Facts<F>,
  ): RowSight<R> {
    // What tells members apart is the membership, and from here on this answer is for one of them.
    const { viewer } = this.standing;
    if (viewer.kind === 'MEMBER') this.read(viewer, 'membership');
    const { common, personal } = splitColumns(policy, columns);
    const isOpen = this.#opening<F, R>(policy, columns, known);
    return {
      filter: filterOfKind(policy, this.#grants, columns, known),
      columns: common.map(([, column]) => column),
      veil: { columns: personal.map(([, column]) => column), unless: openFilter(policy, this.#grants, columns, known) },
      sees: (row) => isOpen(row) || this.sees(policy, factsOf(row)),
      exactly: () => rowFilter(policy, this.grants, columns, known),
    };
  }

  /** Whether what rows have in common is enough to be seen: those that have the same are one question. */
  #opening<F extends string, R>(policy: Policy<F>, columns: Columns<F>, known: Partial<Facts<F>>): (row: R) => boolean {
    const { common, personal } = splitColumns(policy, columns);
    const nobody = Object.fromEntries(personal.map(([fact]) => [fact, null]));
    const answers = new Map<unknown, boolean>();
    const told = (row: R, column: string) => (row as Readonly<Record<string, string | null>>)[column] ?? null;
    const places = common.map(([, column]) => column);
    const [first = '', ...others] = places;
    const keyOf = (row: R) =>
      others.length === 0 ? told(row, first) : JSON.stringify(places.map((column) => told(row, column)));
    return (row) => {
      const key = keyOf(row);
      let answer = answers.get(key);
      if (answer === undefined) {
        const own = Object.fromEntries(common.map(([fact, column]) => [fact, told(row, column)]));
        const facts = { ...known, ...nobody, ...own } as Facts<F>;
        // Where it is not enough, each row is a question of its own, and this one is none.
        answer = isSeen(policy, this.#grants, facts) && this.sees(policy, facts);
        answers.set(key, answer);
      }
      return answer;
    };
  }

  /** Whether what was made with it is the answer to somebody of this standing. */
  isFor(standing: Standing): boolean {
    return standing === this.standing || (!this.isPersonal && this.holdsFor(standing));
  }

  /** What it takes in memory, about. */
  get bytes(): number {
    return this.#questions.length * QUESTION_BYTES;
  }

  /** Whether the same execution for this standing would have gone the same way. */
  holdsFor({ viewer, grants }: Standing): boolean {
    if (viewer.kind !== this.standing.viewer.kind) return false;
    if (viewer.kind === 'FOLLOWER' || !grants) return !this.isPersonal;
    const { role, membership } = this.#read;
    if (viewer.kind === 'MEMBER') {
      if (role !== undefined && role !== viewer.role) return false;
      if (membership !== undefined && membership !== viewer.membership) return false;
    } else if (viewer.kind === 'INTEGRATION' && !hasSameScopes(viewer, this.standing.viewer as KeyViewer)) return false;
    return this.#questions.every(({ policy, facts, answer }) => {
      if (typeof answer === 'boolean') return answer === isSeen(policy, grants, facts);
      return answer === levelOn(policy, grants, facts);
    });
  }

  /** The members for whom role, kind and the project's grant do not decide the answers that were given. */
  get named(): ReadonlySet<string> | 'ALL' {
    const named = new Set<string>();
    for (const { policy, facts } of this.#questions) {
      const { persons, projects } = personalFacts(policy);
      if (projects.some((fact) => facts[fact] && facts[fact] !== this.projectId)) return 'ALL';
      for (const fact of persons) if (facts[fact]) named.add(facts[fact]);
    }
    return named;
  }
}

class WatchedMember implements MemberViewer {
  readonly kind = 'MEMBER';
  readonly companyId: string;
  readonly #viewer: MemberViewer;
  readonly #trace: Trace;

  constructor(viewer: MemberViewer, trace: Trace) {
    this.companyId = viewer.companyId;
    this.#viewer = viewer;
    this.#trace = trace;
  }
  get role() {
    return this.#trace.read(this.#viewer, 'role');
  }
  get membership() {
    return this.#trace.read(this.#viewer, 'membership');
  }
  get memberId() {
    return this.#own.memberId;
  }
  get userId() {
    return this.#own.userId;
  }
  get expiresAt() {
    return this.#own.expiresAt;
  }
  get #own(): MemberViewer {
    this.#trace.isPersonal = true;
    return this.#viewer;
  }
}

const hasSameScopes = (a: KeyViewer, b: KeyViewer): boolean =>
  [...a.scopes].sort().join() === [...b.scopes].sort().join();

/** A viewer of whom all that is not `shared` with others like it is watched: who reads it has something personal. */
function watched<V extends object>(viewer: V, shared: readonly (keyof V)[], trace: Trace): V {
  const properties = Object.entries(viewer).map(([name, value]) => {
    const read = () => {
      trace.isPersonal = true;
      return value;
    };
    return [name, shared.includes(name as keyof V) ? { value } : { get: read }] as const;
  });
  return Object.defineProperties({}, Object.fromEntries(properties)) as V;
}
