import { expect, it } from '@jest/globals';
import { createLogger } from '../../src/log.js';
import { Upkeep } from '../../src/server/upkeep.js';
import { until } from '../harness/until.js';

it('is done again and again, also after it has failed, and ends when it is told to, with what is at work', async () => {
  let begun = 0;
  let ended = 0;
  const act = async (signal: AbortSignal) => {
    begun += 1;
    if (begun < 3) throw new Error('The database is away.');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    ended += 1;
  };
  const upkeep = new Upkeep(act, 20, createLogger('silent'));
  await until(() => begun === 3, 'the third time');
  expect(ended).toBe(0);
  await upkeep.stop();
  expect([begun, ended]).toEqual([3, 1]);
});
