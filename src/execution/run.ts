import { type ExecutionResult, type GraphQLError, type GraphQLOutputType, isNonNullType, locatedError } from 'graphql';
import { FieldInfo } from './field-info.js';
import type { FieldPlan, Path, PlanSource, Running, SelectionPlan, Variables } from './plan.js';
import { isPromise, Waiting } from './waiting.js';

/**
 * One run of a planned operation. What needs no waiting is done at once: promises are made only where a resolver
 * makes one. It answers what `execute` of graphql-js would.
 */
export class Run implements Running {
  readonly errors: GraphQLError[] = [];
  /** What has become null because of an error. */
  readonly #nulled = new Set<Path | undefined>();

  constructor(
    readonly source: PlanSource,
    readonly rootValue: unknown,
    readonly context: unknown,
    readonly variables: Variables,
  ) {}

  /** Runs the operation's root fields: a mutation's one after the other. */
  answer(plan: SelectionPlan): ExecutionResult | Promise<ExecutionResult> {
    const respond = (data: unknown): ExecutionResult =>
      this.errors.length === 0 ? { data: data as never } : { errors: this.errors, data: data as never };
    const fail = (error: unknown): ExecutionResult => {
      this.#add(error as GraphQLError, undefined);
      return respond(null);
    };
    try {
      const isSerial = this.source.operation.operation === 'mutation';
      const data = isSerial ? this.#inTurn(plan) : this.select(plan, this.rootValue, undefined);
      return isPromise(data) ? data.then(respond, fail) : respond(data);
    } catch (error) {
      return fail(error);
    }
  }

  select(plan: SelectionPlan, source: unknown, path: Path | undefined): unknown {
    const answer: Record<string, unknown> = {};
    const waiting = new Waiting();
    try {
      // Counted: what `of` makes for each field was a quarter of all that is made for an answer.
      for (let i = 0; i < plan.length; i += 1) {
        const field = plan[i] as FieldPlan;
        const value = this.#field(field, source, path);
        answer[field.responseName] = value;
        if (isPromise(value)) waiting.place(answer, field.responseName, value);
      }
    } catch (error) {
      return waiting.fail(error);
    }
    return waiting.whenAll(answer);
  }

  async #inTurn(plan: SelectionPlan): Promise<unknown> {
    const answer: Record<string, unknown> = {};
    for (const field of plan) answer[field.responseName] = await this.#field(field, this.rootValue, undefined);
    return answer;
  }

  /** Closures are made where something is waited for, and not here: V8 makes room for what they hold at every call. */
  #field(plan: FieldPlan, source: unknown, parent: Path | undefined): unknown {
    try {
      const value = this.#resolve(plan, source, parent);
      const told = plan.leaf?.(value);
      if (told !== undefined) return told;
      const path = pathTo(plan, parent);
      const completed = isPromise(value)
        ? this.#completeLate(plan, path, value)
        : plan.complete(this, plan, path, value);
      return isPromise(completed) ? this.#recoverLate(plan, path, completed) : completed;
    } catch (error) {
      return this.recover(error, plan, pathTo(plan, parent), plan.field.type);
    }
  }

  #completeLate(plan: FieldPlan, path: Path, value: Promise<unknown>): Promise<unknown> {
    return value.then((known) => plan.complete(this, plan, path, known));
  }

  #recoverLate(plan: FieldPlan, path: Path, completed: Promise<unknown>): Promise<unknown> {
    return completed.then(undefined, (error) => this.recover(error, plan, path, plan.field.type));
  }

  #resolve(plan: FieldPlan, source: unknown, parent: Path | undefined): unknown {
    const { resolve, field } = plan;
    if (resolve) return resolve(source, plan.args(this.variables), this.context, new FieldInfo(this, plan, parent));
    if ((typeof source !== 'object' && typeof source !== 'function') || source === null) return undefined;
    const value = (source as Record<string, unknown>)[field.name];
    if (typeof value !== 'function') return value;
    const info = new FieldInfo(this, plan, parent);
    return (source as Record<string, (...args: unknown[]) => unknown>)[field.name]?.(
      plan.args(this.variables),
      this.context,
      info,
    );
  }

  recover(raw: unknown, { nodes }: FieldPlan, path: Path, type: GraphQLOutputType): null {
    const error = locatedError(raw as Error, nodes, keysOf(path));
    if (isNonNullType(type)) throw error;
    this.#add(error, path);
    return null;
  }

  /** Nothing is said of what is no more to be seen, because something around it has become null already. */
  #add(error: GraphQLError, path: Path | undefined): void {
    for (let at = path; ; at = at.prev) {
      if (this.#nulled.has(at)) return;
      if (at === undefined) break;
    }
    this.#nulled.add(path);
    this.errors.push(error);
  }
}

const pathTo = ({ responseName, parentType }: FieldPlan, prev: Path | undefined): Path => ({
  prev,
  key: responseName,
  typename: parentType.name,
});

function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at; at = at.prev) keys.push(at.key);
  return keys.reverse();
}
