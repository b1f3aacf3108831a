import {
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import type { AccessSubject } from '../schema/access.js';
import { coercionOf } from './coerce.js';
import { planOperation } from './compile.js';
import { costOfOperation } from './cost.js';
import { excessOfVariables } from './limits.js';
import type { PlanSource, SelectionPlan, Variables } from './plan.js';
import { Run } from './run.js';

/** Of one operation: a plan for each set of conditions. Nobody needs many. */
const KEPT_PLANS = 32;
const MOST_VARIABLE_FAULTS = 3;

interface Plan {
  readonly selection: SelectionPlan;
  readonly cost: (variables: Variables) => number;
}

/** Variables as the operation declares them. */
type Coerced = { variables: Variables } | { errors: readonly GraphQLError[] };

/** An operation of a validated document, ready to be run again and again. */
export class Operation implements PlanSource {
  readonly fragments: Record<string, FragmentDefinitionNode> = {};
  /** The variable that says nothing but where a subscription goes on from. */
  readonly positionVariable: string | null;
  /** The variables that decide what is selected. */
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, Plan>();
  readonly #coerce: ReturnType<typeof coercionOf>;

  constructor(
    readonly schema: GraphQLSchema,
    readonly document: DocumentNode,
    readonly operation: OperationDefinitionNode,
  ) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments[definition.name.value] = definition;
    }
    this.positionVariable = positionVariable(document, operation);
    this.#conditions = conditionsOf(document);
    this.#coerce = coercionOf(schema, operation);
  }

  coerce(inputs: Record<string, unknown> | null | undefined): Coerced {
    const excess = excessOfVariables(inputs);
    if (excess) return { errors: [new GraphQLError(excess.message, { originalError: excess })] };
    const coerced = this.#coerce(inputs ?? {});
    if (!coerced) return { errors: this.#faultsIn(inputs ?? {}) };
    const empty = this.#conditions.find((name) => coerced[name] === null);
    return empty === undefined ? { variables: coerced } : { errors: [noCondition(empty)] };
  }

  /** As graphql-js tells them. */
  #faultsIn(inputs: Record<string, unknown>): readonly GraphQLError[] {
    const definitions = this.operation.variableDefinitions ?? [];
    const { errors } = getVariableValues(this.schema, definitions, inputs, { maxErrors: MOST_VARIABLE_FAULTS });
    if (!errors) throw new Error('Variables that graphql-js accepts were refused.');
    return errors;
  }

  /** In points; see `costOfOperation`. */
  cost(kind: AccessSubject['kind'], variables: Variables): number {
    return this.#planFor(kind, variables).cost(variables);
  }

  /** Answers as `execute` of graphql-js would, with variables that were coerced. */
  run(
    rootValue: unknown,
    context: { viewer: AccessSubject },
    variables: Variables,
  ): ExecutionResult | Promise<ExecutionResult> {
    const { selection } = this.#planFor(context.viewer.kind, variables);
    return new Run(this, rootValue, context, variables).answer(selection);
  }

  /** What the operation's root fields are given for one argument. */
  rootArgs(name: string, kind: AccessSubject['kind'], variables: Variables): unknown[] {
    const { selection } = this.#planFor(kind, variables);
    return selection.flatMap(({ field, args }) =>
      field.args.some((arg) => arg.name === name) ? (args(variables)[name] ?? []) : [],
    );
  }

  #planFor(kind: AccessSubject['kind'], variables: Variables): Plan {
    const key = [kind, ...this.#conditions.map((name) => variables[name])].join();
    const known = this.#plans.get(key);
    if (known) return known;
    const conditions = Object.fromEntries(this.#conditions.map((name) => [name, variables[name]]));
    const selection = planOperation(this, conditions, kind);
    const plan = { selection, cost: costOfOperation(this.schema, selection) };
    if (this.#plans.size >= KEPT_PLANS) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }
}

const known = new WeakMap<DocumentNode, Map<string | null, Operation | null>>();

/** The operation of that name, or the only one; null when it is not there. Made once for each document. */
export function operationOf(schema: GraphQLSchema, document: DocumentNode, name?: string | null): Operation | null {
  const named = known.get(document) ?? new Map<string | null, Operation | null>();
  known.set(document, named);
  const key = name ?? null;
  let found = named.get(key);
  if (found === undefined) {
    const operation = getOperationAST(document, key);
    found = operation ? new Operation(schema, document, operation) : null;
    // Whoever asks for operations that are not there could otherwise ask for many.
    if (found) named.set(key, found);
  }
  return found;
}

/** The variables in `@skip(if:)` and `@include(if:)`. */
function conditionsOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: ({ name, arguments: args }) => {
      if (name.value !== 'skip' && name.value !== 'include') return;
      for (const { value } of args ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}

/** `$after` of `field(after: $after)`, when the document uses it for nothing else. */
function positionVariable(document: DocumentNode, operation: OperationDefinitionNode): string | null {
  const [root] = operation.selectionSet.selections;
  if (operation.operation !== 'subscription' || root?.kind !== 'Field') return null;
  const after = root.arguments?.find(({ name }) => name.value === 'after')?.value;
  if (after?.kind !== 'Variable') return null;
  let uses = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      if (name.value === after.name.value) uses += 1;
    },
  });
  return uses === 1 ? after.name.value : null;
}

/** A default lets such a variable pass, and it may be null all the same; nothing could be planned by that. */
const noCondition = (name: string): GraphQLError =>
  new GraphQLError(`Variable "$${name}" decides what is answered: it is true or false.`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });
