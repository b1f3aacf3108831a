import { getDirective } from '@graphql-tools/utils';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import type { Viewer } from '../../src/auth/viewer.js';

/** What a document may name. */
export interface Words {
  readonly ids: readonly string[];
  /** The same of somebody else's. */
  readonly foreignIds: readonly string[];
  readonly texts: readonly string[];
  readonly cursors: readonly string[];
  /** How new an answer is to be, where that can be asked for. */
  readonly position: string;
}

const DEPTH = 6;

/** Numbers that look like chance and come again from the same seed (mulberry32). */
export function diceOf(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** By which way somebody comes in, and whether as an administrator. */
export interface Entering {
  readonly entry: Viewer['kind'];
  readonly isAdmin: boolean;
}

/**
 * A query of one root field or two with whatever lies behind them, as anybody could write it who has the schema; mostly one that
 * is open to them.
 */
export function randomQuery(
  schema: GraphQLSchema,
  roll: (sides: number) => number,
  words: Words,
  { entry, isAdmin }: Entering,
): string {
  const at = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const all = Object.values(schema.getQueryType()?.getFields() ?? {});
  const open = all.filter((field) => {
    const isFor = getDirective(schema, field, 'allow')?.[0]?.entry.includes(entry);
    return isFor && (isAdmin || !getDirective(schema, field, 'hasRole'));
  });
  const roots = roll(16) === 0 ? all : open;
  const chosen = roll(4) === 0 ? [at(roots), at(roots)] : [at(roots)];
  return `{ ${chosen.map((field, i) => `r${i}: ${written(field, DEPTH)}`).join(' ')} }`;

  function written(field: GraphQLField<unknown, unknown>, depth: number, alias = ''): string {
    const given = field.args.map((argument) => [argument.name, argumentOf(field, argument)]);
    const args = given.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
    const type = getNamedType(field.type);
    return [alias, field.name, args.length > 0 ? `(${args.join(', ')})` : '', selectionOf(type, depth - 1)].join('');
  }

  function selectionOf(type: GraphQLNamedType, depth: number, prefix = ''): string {
    if (!isCompositeType(type)) return '';
    if (isAbstractType(type)) {
      const types = schema.getPossibleTypes(type);
      const parts = [at(types), at(types)].map((one, i) => `... on ${one.name}${selectionOf(one, depth, `t${i}_`)}`);
      return ` { __typename ${isInterfaceType(type) ? 'id' : ''} ${parts.join(' ')} }`;
    }
    const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
    const chosen = fields.filter((field) => {
      if (field.name === 'id') return true;
      return isCompositeType(getNamedType(field.type)) ? depth > 0 && roll(2) === 0 : roll(3) > 0;
    });
    const lines = chosen.map((field) => written(field, depth, prefix && `${prefix}${field.name}: `));
    return ` { __typename ${lines.join(' ')} }`;
  }

  /** Null for none. */
  function argumentOf(field: GraphQLField<unknown, unknown>, argument: GraphQLArgument): string | null {
    const { name } = argument;
    if (name === 'minCursor') return JSON.stringify(words.position);
    if (name === 'first') return String(1 + roll(20));
    if (name === 'last') return null;
    if (name === 'after') return roll(8) === 0 && words.cursors.length > 0 ? JSON.stringify(at(words.cursors)) : null;
    if (!isRequiredArgument(argument) && roll(4) > 0) return null;
    return literalFor(argument.type, name === 'id' ? field.name : name);
  }

  function literalFor(given: GraphQLInputType, name: string, depth = 0): string {
    const type = getNullableType(given);
    if (isListType(type))
      return `[${[literalFor(type.ofType, name, depth), literalFor(type.ofType, name, depth)].join(', ')}]`;
    if (isEnumType(type)) return at(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      const chosen = depth > 2 ? null : at(fields);
      const filled = fields.filter((field) => field === chosen || isRequiredInputField(field));
      return `{ ${filled.map((field) => `${field.name}: ${literalFor(field.type, field.name, depth + 1)}`).join(', ')} }`;
    }
    switch (type.name) {
      case 'ID':
        return JSON.stringify(idFor(name));
      case 'Int':
        return String(roll(50));
      case 'Boolean':
        return String(roll(2) === 0);
      case 'DateTimeISO':
        return JSON.stringify(new Date().toISOString());
      case 'LocalDate':
        return JSON.stringify(new Date().toISOString().slice(0, 10));
      default:
        return JSON.stringify(at(words.texts));
    }
  }

  /** Mostly one of the kind that the name tells of. */
  function idFor(name: string): string {
    const ids = roll(8) === 0 ? words.foreignIds : words.ids;
    const fitting = ids.filter((id) => name.startsWith(id.slice(0, id.indexOf('_'))));
    return at(fitting.length > 0 && roll(8) > 0 ? fitting : ids);
  }
}
