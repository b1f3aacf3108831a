import { all, any, not, oneOf, type RowFilter } from '../entities/row-filter.js';
import type { Level } from '../entities/vocabulary.js';
import type { Grants } from './grants.js';
import { isAtLeast, lower, rank } from './level.js';

/**
 * A condition on an object's facts, as data, so that one table of rules is read both as a row filter by the database
 * and as a check by the program. `F` are the facts' names.
 */
export type Condition<F extends string> =
  | { is: F; oneOf: readonly string[] }
  | { isNot: F; value: string }
  | { isViewer: F }
  | { isGrantedProject: F; atLeast: Level }
  | { all: readonly Condition<F>[] };

export type Facts<F extends string> = { readonly [K in F]: string | null };

/** Who (a test on the viewer alone) may do how much where (a condition on the object). */
export interface Rule<F extends string> {
  readonly why: string;
  readonly who?: (grants: Grants) => boolean;
  readonly where?: Condition<F>;
  readonly level: Level;
}

/** One kind of object's rules, and what nobody of a membership kind passes however many rules allow it. */
export interface Policy<F extends string> {
  readonly rules: readonly Rule<F>[];
  readonly forExternals: { readonly where?: Condition<F>; readonly atMost: Level };
}

/** What these grants allow on an object with these facts, or null when it is not even seen. */
export function levelOn<F extends string>(policy: Policy<F>, grants: Grants, facts: Facts<F>): Level | null {
  const { rules, forExternals } = testsOf(policy);
  if (grants.isExternal && !forExternals(grants, facts)) return null;
  let best: Level | null = null;
  for (const { who, where, level } of rules) {
    if (rank(level) <= rank(best) || (who && !who(grants))) continue;
    if (where(grants, facts)) best = level;
  }
  return best && grants.isExternal ? lower(best, policy.forExternals.atMost) : best;
}

/** Whether it is seen at all: whether there is a level. */
export function isSeen<F extends string>(policy: Policy<F>, grants: Grants, facts: Facts<F>): boolean {
  const { rules, forExternals } = testsOf(policy);
  if (grants.isExternal && !forExternals(grants, facts)) return false;
  for (const { who, where } of rules) if ((!who || who(grants)) && where(grants, facts)) return true;
  return false;
}

/** A condition as a function: lists ask it of every row. */
type Test = (grants: Grants, facts: Facts<string>) => boolean;

interface Tests {
  readonly rules: readonly { readonly who?: Rule<string>['who']; readonly where: Test; readonly level: Level }[];
  readonly forExternals: Test;
}

const tests = new WeakMap<object, Tests>();

function testsOf<F extends string>(policy: Policy<F>): Tests {
  let known = tests.get(policy);
  if (!known) {
    const rules = policy.rules.map(({ who, where, level }) => ({ ...(who && { who }), where: testOf(where), level }));
    known = { rules, forExternals: testOf(policy.forExternals.where) };
    tests.set(policy, known);
  }
  return known;
}

function testOf(condition: Condition<string> | undefined): Test {
  if (!condition) return () => true;
  if ('all' in condition) {
    const all = condition.all.map(testOf);
    return (grants, facts) => all.every((test) => test(grants, facts));
  }
  if ('is' in condition) {
    const { is, oneOf: values } = condition;
    return (_grants, facts) => values.includes(facts[is] ?? '');
  }
  if ('isNot' in condition) {
    const { isNot, value } = condition;
    return (_grants, facts) => facts[isNot] !== value;
  }
  if ('isViewer' in condition) {
    const { isViewer } = condition;
    return (grants, facts) => facts[isViewer] === grants.actorId;
  }
  const { isGrantedProject, atLeast } = condition;
  return (grants, facts) => isAtLeast(grants.projectLevels.get(facts[isGrantedProject] ?? '') ?? null, atLeast);
}

/**
 * The same as a filter on rows, at VIEW. What is known of all of them beforehand is decided here; `columns` tells where
 * the other facts stand.
 */
export function rowFilter<F extends string>(
  policy: Policy<F>,
  grants: Grants,
  columns: Columns<F>,
  known: Partial<Facts<F>> = {},
): RowFilter {
  const rules = policy.rules.filter(({ who }) => !who || who(grants));
  const open = any(...rules.map(({ where }) => !where || toFilter(where, grants, columns, known)));
  return all(filterOfKind(policy, grants, columns, known), open);
}

/**
 * The rows that are seen whoever exactly asks, among those that `filterOfKind` lets through: what a policy says of persons
 * and of projects that rows name does not matter there.
 */
export function openFilter<F extends string>(
  policy: Policy<F>,
  grants: Grants,
  columns: Columns<F>,
  known: Partial<Facts<F>>,
): RowFilter {
  const dependsOnWho = (condition: Condition<F>): boolean => {
    if ('all' in condition) return condition.all.some(dependsOnWho);
    const fact = factOf(condition);
    return !(fact in known) && isPersonal(policy, fact);
  };
  const rules = policy.rules.filter(({ who, where }) => (!who || who(grants)) && !(where && dependsOnWho(where)));
  return any(...rules.map(({ where }) => !where || toFilter(where, grants, columns, known)));
}

/** The part of it that is the same for all of the viewer's kind. */
export function filterOfKind<F extends string>(
  { forExternals: { where } }: Policy<F>,
  grants: Grants,
  columns: Columns<F>,
  known: Partial<Facts<F>>,
): RowFilter {
  return !grants.isExternal || !where || toFilter(where, grants, columns, known);
}

/** The column of each fact that a row has itself. */
export type Columns<F extends string> = Readonly<Partial<Record<F, string>>>;

/** What a policy reads of a viewer beside their role and kind: the facts that name persons, and those that name projects. */
export interface PersonalFacts<F extends string> {
  readonly persons: readonly F[];
  readonly projects: readonly F[];
}

const personalOf = new WeakMap<object, PersonalFacts<string>>();

/** The facts of a policy for which it matters who exactly asks. */
export function personalFacts<F extends string>(policy: Policy<F>): PersonalFacts<F> {
  let facts = personalOf.get(policy);
  if (!facts) {
    facts = findPersonalFacts(policy);
    personalOf.set(policy, facts);
  }
  return facts as PersonalFacts<F>;
}

/** Where facts stand: those that rows have in common, and those for which it matters who exactly asks. */
export function splitColumns<F extends string>(policy: Policy<F>, columns: Columns<F>) {
  const placed = Object.entries(columns) as [F, string][];
  return {
    common: placed.filter(([fact]) => !isPersonal(policy, fact)),
    personal: placed.filter(([fact]) => isPersonal(policy, fact)),
  };
}

function isPersonal<F extends string>(policy: Policy<F>, fact: F): boolean {
  const { persons, projects } = personalFacts(policy);
  return persons.includes(fact) || projects.includes(fact);
}

function findPersonalFacts<F extends string>(policy: Policy<F>): PersonalFacts<F> {
  const persons = new Set<F>();
  const projects = new Set<F>();
  const collect = (condition: Condition<F>): void => {
    if ('all' in condition) condition.all.forEach(collect);
    else if ('isViewer' in condition) persons.add(condition.isViewer);
    else if ('isGrantedProject' in condition) projects.add(condition.isGrantedProject);
  };
  for (const { where } of [...policy.rules, policy.forExternals]) if (where) collect(where);
  return { persons: [...persons], projects: [...projects] };
}

function toFilter<F extends string>(
  condition: Condition<F>,
  grants: Grants,
  columns: Columns<F>,
  known: Partial<Facts<F>>,
): RowFilter {
  if ('all' in condition) return all(...condition.all.map((part) => toFilter(part, grants, columns, known)));
  const fact = factOf(condition);
  if (fact in known) return testOf(condition)(grants, known as Facts<F>);
  const column = columns[fact];
  if (!column) throw new Error(`Nothing tells the fact ${fact} of these rows.`);
  if ('is' in condition) return oneOf(column, condition.oneOf);
  if ('isNot' in condition) return not(oneOf(column, [condition.value]));
  if ('isViewer' in condition) return oneOf(column, [grants.actorId]);
  return oneOf(column, grants.projectsAtLeast(condition.atLeast));
}

function factOf<F extends string>(condition: Exclude<Condition<F>, { all: unknown }>): F {
  if ('is' in condition) return condition.is;
  if ('isNot' in condition) return condition.isNot;
  return 'isViewer' in condition ? condition.isViewer : condition.isGrantedProject;
}
