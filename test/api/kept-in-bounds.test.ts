import { expect, it } from '@jest/globals';
import type { Standing } from '../../src/auth/standing.js';
import { Documents } from '../../src/execution/documents.js';
import { type Answer, Answers } from '../../src/resolvers/answers.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import type { Trace } from '../../src/resolvers/trace.js';

// What is kept has its bounds in bytes, whatever somebody sends.

const standing = {} as Standing;
const trace = { standing, bytes: 0, isFor: () => true } as unknown as Trace;
const answer: Answer = { body: '{}', headers: {}, encoded: new Map(), cost: 1 };

/** How many of a hundred requests of a length are kept in a megabyte. */
function keptOf(length: number, body = answer.body): number {
  const answers = new Answers(1_000_000);
  const requests = Array.from({ length: 100 }, (_, i) => `${i} `.padEnd(length, 'x'));
  for (const request of requests) answers.keep('company', request, { ...answer, body }, trace, new Set(['COMPANY']));
  return requests.filter((request) => answers.find('company', request, standing)).length;
}

it('answers are kept with the requests that they are for', () => {
  expect(keptOf(100)).toBe(100);
  const kept = keptOf(30_000);
  expect(kept).toBeGreaterThan(5);
  expect(kept * 30_000).toBeLessThan(1_000_000);
});

it('and with what they are when they are compressed', () => {
  const body = 'x'.repeat(20_000);
  expect(keptOf(100, body) * body.length * 1.6).toBeLessThan(1_000_000);
});

it('a request as long as nobody honest sends it is not', () => {
  expect(keptOf(40_000)).toBe(0);
});

it('documents are kept by how long they are', () => {
  const documents = new Documents(buildGuardedSchema(), false);
  const text = (i: number) => `query q${i} { ${'viewer { user { id name } } '.repeat(9)} }${' '.repeat(4_000)}`;
  const first = documents.find(text(0));
  for (let i = 0; i < 100; i += 1) documents.find(text(i));
  expect(documents.find(text(0))).toBe(first);
  for (let i = 0; i < 300; i += 1) documents.find(text(i));
  expect(documents.find(text(0))).not.toBe(first);
});
