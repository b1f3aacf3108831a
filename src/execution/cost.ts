import {
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
} from 'graphql';
import type { FieldPlan, SelectionPlan, Variables } from './plan.js';

/** A list that is not paged has as many; there are few of these, and all are short. */
const UNPAGED = 10;
/** Of a question about the schema itself, whatever it asks. */
const INTROSPECTION = 100;
/** Of a mutation, on top of what its payload shows: it writes row, history and event, and waits for the disk. */
const MUTATION = 10;

type Cost = number | ((variables: Variables) => number);

/**
 * What an operation costs at most, in points: one for each object that its answer may hold. A page counts as many
 * objects as it is asked for, and a list by ids as many as are named.
 */
export function costOfOperation(schema: GraphQLSchema, plan: SelectionPlan): (variables: Variables) => number {
  const costs = plan.map((field) => {
    const isMutation = field.parentType === schema.getMutationType();
    return sum([isMutation ? MUTATION : 0, costOf(schema, field, null)]);
  });
  const total = sum(costs);
  return typeof total === 'number' ? () => total : total;
}

function costOf(schema: GraphQLSchema, plan: FieldPlan, page: FieldPlan | null): Cost {
  const { field } = plan;
  const type = getNamedType(field.type);
  if (isLeafType(type)) return 0;
  if (field.name.startsWith('__')) return INTROSPECTION;
  const isPaged = field.args.some(({ name }) => name === 'first' || name === 'last');
  const types = isAbstractType(type) ? schema.getPossibleTypes(type) : [type as GraphQLObjectType];
  const inner = types.map((each) =>
    sum(plan.selection(each).map((part) => costOf(schema, part, isPaged ? plan : null))),
  );
  const one = sum([1, greatest(inner)]);
  if (!isListType(getNullableType(field.type))) return one;
  const counted = page ?? (field.args.some(({ name }) => name === 'ids') ? plan : null);
  return counted ? product((variables) => sizeOf(counted, variables), one) : product(() => UNPAGED, one);
}

/** What is no size is refused when it is run; here it must not make anything cheaper. */
function sizeOf(plan: FieldPlan, variables: Variables): number {
  const { first, last, ids } = argsOf(plan, variables);
  return Math.max(1, Array.isArray(ids) ? ids.length : Number(first ?? last) || 0);
}

/** None where they are not possible: this, too, is told when it is run. */
function argsOf({ args }: FieldPlan, variables: Variables): Record<string, unknown> {
  try {
    return args(variables);
  } catch {
    return {};
  }
}

const pointsOf = (cost: Cost, variables: Variables): number => (typeof cost === 'number' ? cost : cost(variables));
const product =
  (size: (variables: Variables) => number, cost: Cost): Cost =>
  (variables) =>
    size(variables) * pointsOf(cost, variables);

const sum = (costs: readonly Cost[]): Cost => joined(costs, (values) => values.reduce((a, b) => a + b, 0));
const greatest = (costs: readonly Cost[]): Cost => joined(costs, (values) => Math.max(0, ...values));

/** A number where all of them are. */
function joined(costs: readonly Cost[], join: (values: readonly number[]) => number): Cost {
  const valuesFor = (variables: Variables) => costs.map((cost) => pointsOf(cost, variables));
  return costs.every((cost) => typeof cost === 'number')
    ? join(valuesFor({}))
    : (variables) => join(valuesFor(variables));
}
