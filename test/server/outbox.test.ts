import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Outbox } from '../../src/server/outbox.js';

/** A reader who takes the first of what is written, and nothing else. */
const stuck = () => new Writable({ highWaterMark: 1, write: () => {} });

describe('what is kept for a reader who takes nothing', () => {
  it.each([
    ['by its bytes', { bytes: 1_000, messages: 1_000 }, 100, 11],
    ['by its messages, however small', { bytes: 1_000_000, messages: 50 }, 1, 51],
  ])('is bounded %s', async (_how, limits, size, most) => {
    let overflows = 0;
    const outbox = new Outbox(stuck(), limits, () => {
      overflows += 1;
    });
    outbox.push(Buffer.alloc(size));
    await turn();
    for (let i = 1; i < most; i += 1) outbox.push(Buffer.alloc(size));
    expect(overflows).toBe(0);
    outbox.push(Buffer.alloc(size));
    expect(overflows).toBe(1);
    outbox.push(Buffer.alloc(size), limits.messages + 1);
    expect(overflows).toBe(2);
  });
});
