import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { type Place, SealedValueError } from '../../src/encryption/sealed-value.js';
import { closeParts } from '../harness/cluster.js';
import { openInMemory } from '../harness/in-memory.js';
import { World } from '../harness/world.js';

const USE = { purpose: 'test', actorId: null, entryPoint: 'OPERATOR' };

let parts: Parts;
let companyIds: string[];
beforeAll(async () => {
  parts = await openInMemory();
  companyIds = [];
  for (const name of ['One', 'Two']) companyIds.push((await World.found(parts, null, name)).companyId);
}, 60_000);
afterAll(() => closeParts(parts));

const words = fc.constantFrom('a', 'b', 'ab', '', 'a","b');
const places = (): fc.Arbitrary<Place> =>
  fc.record({ companyId: fc.constantFrom(...companyIds), table: words, column: words, id: words });
const texts = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constant('x'.repeat(20_000)))
  .map((text) => text.toWellFormed());
const runs = { numRuns: 60 };

const openOrError = (place: Place, sealed: string) => parts.encryption.open(place, sealed, USE).catch((error) => error);

it('what was sealed opens where it stands, and has nothing in it of what it was', async () => {
  await fc.assert(
    fc.asyncProperty(places(), texts, async (place, text) => {
      const [one, other] = [
        await parts.encryption.seal(place, text, USE),
        await parts.encryption.seal(place, text, USE),
      ];
      expect(one).toMatch(/^v1\.1\.[\w-]+$/);
      expect(one).not.toBe(other);
      if (text.length > 8) expect(Buffer.from(one.split('.')[2] ?? '', 'base64url').includes(text)).toBe(false);
      expect(await parts.encryption.open(place, one, USE)).toBe(text);
    }),
    runs,
  );
});

it('moved to another row, column, table or company it does not open', async () => {
  await fc.assert(
    fc.asyncProperty(places(), places(), texts, async (from, to, text) => {
      const sealed = await parts.encryption.seal(from, text, USE);
      // One by one, for each has to be bound.
      for (const name of ['companyId', 'table', 'column', 'id'] as const) {
        const moved = { ...from, [name]: to[name] };
        const opened = await openOrError(moved, sealed);
        if (moved[name] === from[name]) expect(opened).toBe(text);
        else expect(opened).toBeInstanceOf(SealedValueError);
      }
    }),
    runs,
  );
});

it('altered in any character it does not open', async () => {
  await fc.assert(
    fc.asyncProperty(
      places(),
      texts,
      fc.nat(),
      fc.constantFrom('A', 'z', '.', '1', ''),
      async (place, text, at, put) => {
        const sealed = await parts.encryption.seal(place, text, USE);
        const index = at % sealed.length;
        const altered = sealed.slice(0, index) + put + sealed.slice(index + 1);
        fc.pre(
          !Buffer.from(altered.split('.')[2] ?? '', 'base64url').equals(bytesIn(sealed)) ||
            !isSameHead(altered, sealed),
        );
        expect(await openOrError(place, altered)).toBeInstanceOf(Error);
      },
    ),
    runs,
  );
});

const bytesIn = (sealed: string) => Buffer.from(sealed.split('.')[2] ?? '', 'base64url');
const isSameHead = (a: string, b: string) => a.split('.').slice(0, 2).join() === b.split('.').slice(0, 2).join();
