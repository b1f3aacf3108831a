import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { LIMITS } from '../../src/execution/limits.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';

const schema = buildGuardedSchema();
const pages = globSync('docs/*.md');

/** The documents that a page shows, each where it begins. */
async function documentsOf(page: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(/^```graphql\n([\s\S]+?)^```/gm)].map(([, document = '']) => document);
}

describe('what the pages for client authors show', () => {
  it.each(pages)('%s: documents that the schema answers', async (page) => {
    const faults = (await documentsOf(page)).flatMap((document) => validate(schema, parse(document)));
    expect(faults.map(({ message }) => message)).toEqual([]);
  });

  it('is there', async () => {
    expect((await documentsOf('docs/api.md')).length).toBeGreaterThan(4);
  });

  it('are the limits of a document as they are', async () => {
    const rows = (await readFile('docs/api.md', 'utf8')).matchAll(/^\| ([\d,]+) \| [a-z]/gm);
    const shown = [...rows].map(([, figure = '']) => Number(figure.replaceAll(',', '')));
    expect(shown).toEqual(Object.values(LIMITS));
  });
});
