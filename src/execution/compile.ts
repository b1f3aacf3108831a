import { type FieldNode, type GraphQLObjectType, getNamedType, isObjectType, Kind } from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { getFieldDef } from 'graphql/execution/execute.js';
import { getArgumentValues } from 'graphql/execution/values.js';
import { type AccessSubject, resolverFor } from '../schema/access.js';
import { completionOf } from './complete.js';
import { leafOf } from './leaf.js';
import type { FieldPlan, PlanSource, SelectionPlan, Variables } from './plan.js';

type Field = FieldPlan['field'];
type Nodes = FieldPlan['nodes'];

/**
 * The plan of an operation that has been validated, for viewers of one kind. `@skip` and `@include` are decided here, by
 * the values of the variables that stand in them.
 */
export function planOperation(
  { schema, fragments, operation }: PlanSource,
  conditions: Variables,
  kind: AccessSubject['kind'],
): SelectionPlan {
  const variables = { ...conditions };
  const planFields = (type: GraphQLObjectType, fields: ReadonlyMap<string, Nodes>): SelectionPlan =>
    [...fields].flatMap(([responseName, nodes]) => {
      const field = getFieldDef(schema, type, nodes[0] as FieldNode) as Field | undefined;
      return field ? [planField(type, field, responseName, nodes)] : [];
    });

  function planField(parentType: GraphQLObjectType, field: Field, responseName: string, nodes: Nodes): FieldPlan {
    const plans = new Map<GraphQLObjectType, SelectionPlan>();
    const selection = (type: GraphQLObjectType) => {
      let plan = plans.get(type);
      if (!plan) {
        plan = planFields(type, collectSubfields(schema, fragments, variables, type, nodes));
        plans.set(type, plan);
      }
      return plan;
    };
    // What can be known now is: whoever runs the plan finds it made.
    const named = getNamedType(field.type);
    if (isObjectType(named)) selection(named);
    return {
      responseName,
      nodes,
      field,
      parentType,
      resolve: resolverFor(field, kind),
      args: argsOf(field, nodes[0] as FieldNode),
      complete: completionOf(field.type),
      leaf: leafOf(field.type),
      selection,
    };
  }

  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation}.`);
  return planFields(root, collectFields(schema, fragments, variables, root, operation.selectionSet));
}

const NO_ARGS: Record<string, unknown> = Object.freeze({});

/** Arguments without variables are coerced once. */
function argsOf(field: Field, node: FieldNode): FieldPlan['args'] {
  if (field.args.length === 0) return () => NO_ARGS;
  const coerce = (variables: Variables) => getArgumentValues(field, node, variables as Record<string, unknown>);
  if (node.arguments?.some(({ value }) => hasVariable(value))) return coerce;
  try {
    const args = frozen(coerce({}));
    return () => args;
  } catch {
    // It is told as the fault of this field alone, when it is run.
    return coerce;
  }
}

/** With all that is in it: every request of the document is given the same. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function hasVariable(value: unknown): boolean {
  const { kind, values = [], fields = [] } = value as { kind: Kind; values?: unknown[]; fields?: { value: unknown }[] };
  return kind === Kind.VARIABLE || values.some(hasVariable) || fields.some((part) => hasVariable(part.value));
}
