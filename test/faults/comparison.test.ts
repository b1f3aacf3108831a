import { describe, expect, it } from '@jest/globals';
import { Keyring } from '../../src/crypto.js';
import { sealCursor } from '../../src/pubsub/cursor.js';
import { compare, Titles } from './comparison.js';
import type { Due } from './log.js';
import type { Subscriber, Told } from './subscriber.js';

const keyring = new Keyring('a secret of the tests, long enough to be one');
const due: Due[] = [2, 4, 5, 9].map((seq) => ({ seq, kind: 'CHANGED', taskId: 'task', at: 0 }));

/** What the comparison says of a record, written as `READY 1`. */
function verdictOn(...record: string[]) {
  const told = record.map((line): Told => {
    const [kind = '', seq, taskId = 'task'] = line.split(' ');
    return { kind, cursor: sealCursor(keyring, 'company', Number(seq)), taskId, title: null, at: 0 };
  });
  const subscriber = { told, seat: { company: { id: 'company' } } } as unknown as Subscriber;
  return compare(subscriber, due, keyring, new Titles([]));
}

describe('the comparison of a record with the log', () => {
  it.each([
    [
      'from the beginning',
      ['READY 0', 'CHANGED 2', 'CHANGED 4', 'HEARTBEAT 4', 'CHANGED 5', 'CHANGED 9', 'HEARTBEAT 12'],
    ],
    ['from the middle', ['READY 4', 'CHANGED 5', 'CHANGED 9']],
    ['with an interruption', ['READY 3', 'CHANGED 4', 'CHANGED 5', 'HEARTBEAT 7', 'READY 7', 'CHANGED 9']],
    ['after a RESYNC', ['READY 0', 'CHANGED 2', 'RESYNC 6', 'CHANGED 9']],
  ])('finds nothing in a good one %s', (_what, record) => {
    expect(verdictOn(...record).faults).toEqual([]);
  });

  it.each([
    ['a lost change', ['READY 3', 'CHANGED 5', 'CHANGED 9'], /CHANGED 4 was due: lost/],
    ['a doubled one', ['READY 3', 'CHANGED 4', 'CHANGED 4', 'CHANGED 5', 'CHANGED 9'], /doubled/],
    ['two in the wrong order', ['READY 3', 'CHANGED 5', 'CHANGED 4', 'CHANGED 9'], /lost|out of order/],
    ['another kind', ['READY 4', 'CREATED 5', 'CHANGED 9'], /of another kind/],
    ['another task', ['READY 4', 'CHANGED 5 other', 'CHANGED 9'], /of another kind/],
    ['one that is nobody’s', ['READY 4', 'CHANGED 5', 'CHANGED 7', 'CHANGED 9'], /out of order/],
    ['the last ones lost', ['READY 3', 'CHANGED 4'], /lost at the end: 2/],
    ['a HEARTBEAT that leaps over one', ['READY 3', 'HEARTBEAT 4', 'CHANGED 4', 'CHANGED 5', 'CHANGED 9'], /not told/],
    ['a READY that leaps over one', ['READY 3', 'CHANGED 4', 'READY 8', 'CHANGED 9'], /not told|lost/],
    ['a READY that goes back', ['READY 3', 'CHANGED 4', 'CHANGED 5', 'READY 4', 'CHANGED 9'], /after CHANGED 5/],
    ['nothing at all', [], /never live/],
  ])('finds %s', (_what, record, fault) => {
    expect(verdictOn(...record).faults.join('\n')).toMatch(fault);
  });

  it('counts each RESYNC', () => {
    expect(verdictOn('READY 0', 'RESYNC 6', 'CHANGED 9').resyncs).toBe(1);
  });
});
