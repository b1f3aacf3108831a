import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTime } from '../../src/entities/stored-time.js';

it('a point in time is read as the database tells it, with milliseconds or without', () => {
  const times = fc.date({
    min: new Date('1000-01-01T00:00:00.000Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(times, (time) => {
      const iso = time.toISOString();
      const read = readTime(iso.slice(0, 23).replace('T', ' '));
      expect(read).toBeInstanceOf(Date);
      expect(read.getTime()).toBe(time.getTime());
      expect(read.toISOString()).toBe(iso);
      expect(JSON.stringify(read)).toBe(JSON.stringify(time));
      const seconds = readTime(iso.slice(0, 19).replace('T', ' '));
      expect(seconds.getTime()).toBe(Math.floor(time.getTime() / 1_000) * 1_000);
    }),
    { numRuns: 2_000 },
  );
});
