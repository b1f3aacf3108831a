import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLLeafType,
  type GraphQLList,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { inspect } from 'graphql/jsutils/inspect.js';
import { isIterableObject } from 'graphql/jsutils/isIterableObject.js';
import { FieldInfo } from './field-info.js';
import { leafOf } from './leaf.js';
import type { Complete, FieldPlan, Path, Running } from './plan.js';
import { isPromise, Waiting } from './waiting.js';

/** How values of a type are completed, as the GraphQL specification says (6.4.3). */
export function completionOf(type: GraphQLOutputType): Complete {
  const known = completions.get(type);
  if (known) return known;
  const made = isNonNullType(type) ? nonNull(completionOf(type.ofType)) : nullable(type);
  completions.set(type, made);
  return made;
}

const completions = new WeakMap<GraphQLOutputType, Complete>();

function nonNull(inner: Complete): Complete {
  const check = (value: unknown, { parentType, field }: FieldPlan) => {
    if (value === null) throw new Error(`Cannot return null for non-nullable field ${parentType.name}.${field.name}.`);
    return value;
  };
  const checkLate = (value: Promise<unknown>, plan: FieldPlan) => value.then((known) => check(known, plan));
  return (run, plan, path, value) => {
    const completed = inner(run, plan, path, value);
    return isPromise(completed) ? checkLate(completed, plan) : check(completed, plan);
  };
}

function nullable(type: GraphQLOutputType): Complete {
  const complete = completionOfValue(type);
  return (run, plan, path, value) => {
    if (value instanceof Error) throw value;
    return value === null || value === undefined ? null : complete(run, plan, path, value);
  };
}

function completionOfValue(type: GraphQLOutputType): Complete {
  if (isListType(type)) return listOf(type);
  if (isLeafType(type)) return serializing(type);
  if (isObjectType(type)) return (run, plan, path, value) => completeObject(run, plan, path, type, value);
  if (isAbstractType(type)) {
    return (run, plan, path, value) => {
      const resolveType = type.resolveType ?? defaultTypeResolver;
      const info = new FieldInfo(run, plan, path.prev);
      const found = resolveType(value, run.context, info, type);
      const complete = (name: unknown) =>
        completeObject(run, plan, path, runtimeType(run, name, type, plan, value), value);
      return isPromise(found) ? found.then(complete) : complete(found);
    };
  }
  throw new Error(`${inspect(type)} is no output type.`);
}

function serializing(type: GraphQLLeafType): Complete {
  const leaf = leafOf(type);
  return (_run, _plan, _path, value) => {
    const serialized = leaf?.(value) ?? type.serialize(value);
    if (serialized == null)
      throw new Error(
        `Expected \`${inspect(type)}.serialize(${inspect(value)})\` to return non-nullable value, returned: ${inspect(serialized)}`,
      );
    return serialized;
  };
}

function listOf({ ofType }: GraphQLList<GraphQLOutputType>): Complete {
  const completeItem = completionOf(ofType);
  const completeLate = (run: Running, plan: FieldPlan, place: Path, item: Promise<unknown>) =>
    item.then((known) => completeItem(run, plan, place, known));
  const recoverLate = (run: Running, plan: FieldPlan, place: Path, completed: Promise<unknown>) =>
    completed.then(undefined, (error) => run.recover(error, plan, place, ofType));
  /** An item that fails is the item's matter, as far as its type allows. */
  const complete: Complete = (run, plan, place, item) => {
    try {
      const completed = isPromise(item) ? completeLate(run, plan, place, item) : completeItem(run, plan, place, item);
      return isPromise(completed) ? recoverLate(run, plan, place, completed) : completed;
    } catch (error) {
      return run.recover(error, plan, place, ofType);
    }
  };
  return (run, plan, path, value) => {
    if (!isIterableObject(value))
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${plan.parentType.name}.${plan.field.name}".`,
      );
    const items: unknown[] = [];
    const waiting = new Waiting();
    try {
      for (const item of value) {
        const place: Path = { prev: path, key: items.length, typename: undefined };
        const completed = complete(run, plan, place, item);
        if (isPromise(completed)) waiting.place(items, items.length, completed);
        items.push(completed);
      }
    } catch (error) {
      return waiting.fail(error);
    }
    return waiting.whenAll(items);
  };
}

function completeObject(run: Running, plan: FieldPlan, path: Path, type: GraphQLObjectType, value: unknown): unknown {
  return type.isTypeOf ? completeChecked(run, plan, path, type, value) : run.select(plan.selection(type), value, path);
}

function completeChecked(run: Running, plan: FieldPlan, path: Path, type: GraphQLObjectType, value: unknown): unknown {
  const check = (isOfType: boolean) => {
    if (!isOfType)
      throw new GraphQLError(`Expected value of type "${type.name}" but got: ${inspect(value)}.`, {
        nodes: plan.nodes,
      });
    return run.select(plan.selection(type), value, path);
  };
  const isOfType = type.isTypeOf?.(value, run.context, new FieldInfo(run, plan, path.prev));
  return isPromise(isOfType) ? isOfType.then(check) : check(isOfType as boolean);
}

/** The same words as graphql-js has for what a resolver does wrong. */
function runtimeType(
  { source: { schema } }: Running,
  name: unknown,
  abstract: GraphQLAbstractType,
  { parentType, field, nodes }: FieldPlan,
  value: unknown,
): GraphQLObjectType {
  const place = `field "${parentType.name}.${field.name}"`;
  if (name == null)
    throw new GraphQLError(
      `Abstract type "${abstract.name}" must resolve to an Object type at runtime for ${place}. Either the "${abstract.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
      { nodes },
    );
  if (typeof name !== 'string')
    throw new GraphQLError(
      `Abstract type "${abstract.name}" must resolve to an Object type at runtime for ${place} with value ${inspect(value)}, received "${inspect(name)}".`,
    );
  const type = schema.getType(name);
  if (!type)
    throw new GraphQLError(
      `Abstract type "${abstract.name}" was resolved to a type "${name}" that does not exist inside the schema.`,
      { nodes },
    );
  if (!isObjectType(type))
    throw new GraphQLError(`Abstract type "${abstract.name}" was resolved to a non-object type "${name}".`, { nodes });
  if (!schema.isSubType(abstract, type))
    throw new GraphQLError(`Runtime Object type "${type.name}" is not a possible type for "${abstract.name}".`, {
      nodes,
    });
  return type;
}
