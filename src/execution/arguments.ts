import { type FieldNode, type GraphQLArgument, isNonNullType, Kind, type ValueNode, valueFromAST } from 'graphql';
import { getArgumentValues } from 'graphql/execution/values.js';
import type { FieldPlan, Variables } from './plan.js';

type Values = Record<string, unknown>;
/** What one argument is; undefined where it is not given, `UNFIT` where it is wrong. */
type Take = (variables: Variables) => unknown;

const UNFIT = Symbol('what is no value of its type');
const NO_ARGS: Values = Object.freeze({});

/**
 * What a field is given, as the GraphQL specification says (6.4.1): worked out once, but for what comes from variables. It
 * answers what `getArgumentValues` of graphql-js would, and leaves it to that to tell what is wrong.
 */
export function argsOf(field: FieldPlan['field'], node: FieldNode): FieldPlan['args'] {
  if (field.args.length === 0) return () => NO_ARGS;
  const byGraphql = (variables: Variables): Values => getArgumentValues(field, node, variables as Values);
  const given = new Map(node.arguments?.map(({ name, value }) => [name.value, value]));
  if (![...given.values()].some(hasVariable)) return constant(byGraphql);
  const args = field.args.map((arg) => ({ name: arg.name, take: checked(arg, takeOf(arg, given.get(arg.name))) }));
  return (variables) => {
    const values: Values = {};
    for (const { name, take } of args) {
      const value = take(variables);
      if (value === UNFIT) return byGraphql(variables);
      if (value !== undefined) values[name] = value;
    }
    return values;
  };
}

function constant(make: FieldPlan['args']): FieldPlan['args'] {
  try {
    const args = frozen(make({}));
    return () => args;
  } catch {
    // It is told as the fault of this field alone, when it is run.
    return make;
  }
}

function takeOf({ type, defaultValue }: GraphQLArgument, node: ValueNode | undefined): Take {
  if (!node) return () => defaultValue;
  if (node.kind === Kind.VARIABLE) {
    const name = node.name.value;
    return (variables) => (Object.hasOwn(variables, name) ? variables[name] : defaultValue);
  }
  const evaluate: Take = (variables) => {
    const value = valueFromAST(node, type, variables);
    return value === undefined ? UNFIT : value;
  };
  if (hasVariable(node)) return evaluate;
  const value = frozen(evaluate({}));
  return () => value;
}

const checked = ({ type }: GraphQLArgument, take: Take): Take =>
  isNonNullType(type) ? (variables) => take(variables) ?? UNFIT : take;

/** With all that is in it: every request of the document is given the same. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function hasVariable(value: unknown): boolean {
  const { kind, values = [], fields = [] } = value as { kind: Kind; values?: unknown[]; fields?: { value: unknown }[] };
  return kind === Kind.VARIABLE || values.some(hasVariable) || fields.some((part) => hasVariable(part.value));
}
