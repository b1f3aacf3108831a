import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { operationOf } from '../../src/execution/operation.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';

const schema = buildGuardedSchema();
const costOf = (text: string, variables = {}) => operationOf(schema, parse(text))?.cost('MEMBER', variables);

describe('an operation costs a point for each object that its answer may hold', () => {
  it.each<[string, string, number]>([
    ['an object', '{ viewer { user { name } } }', 2],
    ['a page of objects', '{ members(first: 30) { nodes { name } } }', 31],
    ['pages of pages', '{ projects(last: 10) { nodes { name manager { name } } } }', 21],
    ['a list of no pages', '{ workspaces { name } }', 10],
    ['a list by ids', '{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
    [
      'the greatest of what an object may be',
      '{ node(id: "a") { ... on Task { author { id } } ... on User { id } } }',
      2,
    ],
    ['a mutation', 'mutation { revokeFollow(input: { followId: "a" }) { follow { id } } }', 12],
    ['a question about the schema', '{ __schema { types { name } } }', 100],
  ])('%s', (_what, text, points) => {
    expect(costOf(text)).toBe(points);
  });

  it('and is known from its variables', () => {
    const text =
      'query ($ids: [ID!]!, $n: Int) { nodes(ids: $ids) { ... on Task { comments(first: $n) { nodes { id } } } } }';
    expect(costOf(text, { ids: Array(20).fill('a'), n: 50 })).toBe(20 * (1 + 1 + 50));
    expect(costOf(text, { ids: 'a', n: null })).toBe(3);
  });

  it('also where they are not possible, which is told when it is run', () => {
    const text = 'query ($id: ID = "a") { tasks(projectId: $id, first: 100) { nodes { id } } }';
    expect(costOf(text, { id: null })).toBe(2);
  });
});
