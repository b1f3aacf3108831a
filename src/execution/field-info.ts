import type { FragmentDefinitionNode, GraphQLResolveInfo } from 'graphql';
import type { FieldPlan, Path, Running } from './plan.js';

/** What a resolver may ask about the field that it resolves; worked out when it asks. */
export class FieldInfo implements GraphQLResolveInfo {
  readonly #run: Running;
  readonly #plan: FieldPlan;
  readonly #parent: Path | undefined;

  constructor(run: Running, plan: FieldPlan, parent: Path | undefined) {
    this.#run = run;
    this.#plan = plan;
    this.#parent = parent;
  }
  get fieldName() {
    return this.#plan.field.name;
  }
  get fieldNodes() {
    return this.#plan.nodes;
  }
  get returnType() {
    return this.#plan.field.type;
  }
  get parentType() {
    return this.#plan.parentType;
  }
  get path(): GraphQLResolveInfo['path'] {
    return { prev: this.#parent, key: this.#plan.responseName, typename: this.parentType.name };
  }
  get schema() {
    return this.#run.source.schema;
  }
  get fragments(): Record<string, FragmentDefinitionNode> {
    return this.#run.source.fragments;
  }
  get rootValue() {
    return this.#run.rootValue;
  }
  get operation() {
    return this.#run.source.operation;
  }
  get variableValues(): Record<string, unknown> {
    return this.#run.variables as Record<string, unknown>;
  }
}
