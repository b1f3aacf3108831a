import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;

/** What is run: an operation of a document that has been validated. */
export interface PlanSource {
  readonly schema: GraphQLSchema;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly operation: OperationDefinitionNode;
}

/** What is asked of an object, in the order of the answer. */
export type SelectionPlan = readonly FieldPlan[];

/** One field of an object as an operation asks for it. */
export interface FieldPlan {
  readonly responseName: string;
  readonly nodes: readonly FieldNode[];
  readonly field: GraphQLField<unknown, unknown>;
  readonly parentType: GraphQLObjectType;
  /** None where the value is a property of the object, and nothing stands before it. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | null;
  readonly args: (variables: Variables) => Record<string, unknown>;
  readonly complete: Complete;
  /** What is answered of most values of a scalar's or an enum's field; undefined of those that take more. */
  readonly leaf: ((value: unknown) => unknown) | null;
  /** What is asked of the objects of one type that the field leads to. */
  readonly selection: (type: GraphQLObjectType) => SelectionPlan;
}

/** Makes what the answer says of what a resolver gave; throws where the type does not allow it. */
export type Complete = (run: Running, plan: FieldPlan, path: Path, value: unknown) => unknown;

/** Where in an answer a value stands. */
export interface Path {
  readonly prev: Path | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
}

/** A run, as those who complete its values need it. */
export interface Running {
  readonly source: PlanSource;
  readonly rootValue: unknown;
  readonly context: unknown;
  readonly variables: Variables;
  /** The selected fields of one object. */
  select(plan: SelectionPlan, source: unknown, path: Path | undefined): unknown;
  /** What becomes of a value that fails: null where the type allows it, and else whatever holds the value fails too. */
  recover(error: unknown, plan: FieldPlan, path: Path, type: GraphQLOutputType): null;
}
