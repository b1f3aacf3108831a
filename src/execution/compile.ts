import { type FieldNode, type GraphQLObjectType, getNamedType, isObjectType } from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { getFieldDef } from 'graphql/execution/execute.js';
import { type AccessSubject, resolverFor } from '../schema/access.js';
import { argsOf } from './arguments.js';
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
