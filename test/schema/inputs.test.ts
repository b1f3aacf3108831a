import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { GraphQLScalarType } from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { inputOf } from '../../src/resolvers/inputs.js';

buildGuardedSchema();
const { inputTypes, argumentTypes } = getMetadataStorage();
type Type = (typeof inputTypes)[number]['target'];
type Fields = { name: string; getType(): unknown }[];

/** How the library makes the same objects. */
const library = (await import(
  pathToFileURL('node_modules/type-graphql/build/esm/resolvers/convert-args.js').href
)) as Record<'convertArgToInstance' | 'convertArgsToInstance', (arg: object, args: object) => unknown>;

const fieldsOf = (target: Type): Fields =>
  [...inputTypes, ...argumentTypes]
    .filter((each) => target === each.target || target.prototype instanceof each.target)
    .flatMap(({ fields = [] }) => fields as Fields);

/** What a client may have sent: every field, or every other one; lists, and absent values. */
function sent(type: unknown, depth: number, isWhole: boolean): unknown {
  const isInput = inputTypes.some(({ target }) => target === type);
  if (!isInput) return type instanceof GraphQLScalarType ? { any: ['value'] } : 'a text';
  if (depth === 0) return null;
  const fields = fieldsOf(type as Type).filter((_, i) => isWhole || i % 2 === 0);
  return Object.fromEntries(
    fields.map(({ name, getType }, i) => {
      const value = sent(getType(), depth - 1, isWhole);
      return [name, i % 3 === 1 ? [value, null, value] : value];
    }),
  );
}

/** Not only alike: of the same classes, with the same properties of their own. */
const shown = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return [value.constructor.name, Object.entries(value).map(([name, each]) => [name, shown(each)])];
};

describe('what resolvers are given', () => {
  it.each(inputTypes.map(({ name, target }) => [name, target] as const))(
    '%s is as the library makes it',
    (_, target) => {
      for (const isWhole of [true, false]) {
        for (const value of [sent(target, 3, isWhole), [sent(target, 2, isWhole)], null, undefined]) {
          const expected = library.convertArgToInstance({ name: 'input', getType: () => target }, { input: value });
          expect(shown(inputOf(target)(value))).toEqual(shown(expected));
        }
      }
      expect(inputOf(target)(sent(target, 1, true))).toBeInstanceOf(target);
    },
  );

  it.each(argumentTypes.map(({ target }) => [target.name, target] as const))(
    '%s is as the library makes it, and has nothing of what stands beside it',
    (_, target) => {
      const args = { ...Object.fromEntries(fieldsOf(target).map(({ name }) => [name, 'a text'])), beside: 'more' };
      const expected = library.convertArgsToInstance({ getType: () => target }, args);
      const made = inputOf(target)(args);
      expect(shown(made)).toEqual(shown(expected));
      expect(made).not.toHaveProperty('beside');
    },
  );

  it('is made anew each time: what a resolver does to it, no other one sees', () => {
    const { target } = inputTypes.find(({ name }) => name === 'UpdateTasksInput') as { target: Type };
    const value = { tasks: [{ taskId: 'a', title: 'b' }] };
    const made = inputOf(target)(value) as typeof value;
    made.tasks.push({ taskId: 'c', title: 'd' });
    (made.tasks[0] as { title: string }).title = 'e';
    expect(value).toEqual({ tasks: [{ taskId: 'a', title: 'b' }] });
  });
});
