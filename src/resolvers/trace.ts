import type { Grants } from '../auth/grants.js';
import {
  type Columns,
  type Facts,
  filterOfKind,
  isSeen,
  levelOn,
  type PersonalFacts,
  type Policy,
  personalFacts,
  rowFilter,
} from '../auth/rule.js';
import type { Standing } from '../auth/standing.js';
import { expectMember, type FollowerViewer, type MemberViewer } from '../auth/viewer.js';
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

const personal = new WeakMap<AnyPolicy, PersonalFacts<string>>();

function factsOfPersons(policy: AnyPolicy): PersonalFacts<string> {
  let facts = personal.get(policy);
  if (!facts) {
    facts = personalFacts(policy);
    personal.set(policy, facts);
  }
  return facts;
}

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
  get viewer(): MemberViewer | FollowerViewer {
    const { viewer } = this.standing;
    return viewer.kind === 'MEMBER' ? new WatchedMember(viewer, this) : new WatchedFollower(viewer, this);
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
    // What tells the kinds apart is the membership, and from here on this answer is for one of them.
    this.read(expectMember(this.standing.viewer), 'membership');
    return {
      filter: filterOfKind(policy, this.#grants, columns, known),
      columns: Object.values(columns),
      sees: (row) => this.sees(policy, factsOf(row)),
      exactly: () => rowFilter(policy, this.grants, columns, known),
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
    if (role !== undefined && role !== viewer.role) return false;
    if (membership !== undefined && membership !== viewer.membership) return false;
    return this.#questions.every(({ policy, facts, answer }) => {
      if (typeof answer === 'boolean') return answer === isSeen(policy, grants, facts);
      return answer === levelOn(policy, grants, facts);
    });
  }

  /** The members for whom role, kind and the project's grant do not decide the answers that were given. */
  get named(): ReadonlySet<string> | 'ALL' {
    const named = new Set<string>();
    for (const { policy, facts } of this.#questions) {
      const { persons, projects } = factsOfPersons(policy);
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

/** All who follow an object see the same of it: the object is part of what makes them a group. */
class WatchedFollower implements FollowerViewer {
  readonly kind = 'FOLLOWER';
  readonly companyId: string;
  readonly objectKind: FollowerViewer['objectKind'];
  readonly objectId: string;
  readonly #viewer: FollowerViewer;
  readonly #trace: Trace;

  constructor(viewer: FollowerViewer, trace: Trace) {
    this.companyId = viewer.companyId;
    this.objectKind = viewer.objectKind;
    this.objectId = viewer.objectId;
    this.#viewer = viewer;
    this.#trace = trace;
  }
  get followId() {
    this.#trace.isPersonal = true;
    return this.#viewer.followId;
  }
  get followerId() {
    this.#trace.isPersonal = true;
    return this.#viewer.followerId;
  }
  get expiresAt() {
    this.#trace.isPersonal = true;
    return this.#viewer.expiresAt;
  }
}
