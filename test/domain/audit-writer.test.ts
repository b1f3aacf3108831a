import { beforeEach, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { newId } from '../../src/schema/ids.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

const by = { actorId: null, entryPoint: 'FOLLOWER' } as const;
const from = { address: '192.0.2.7', userAgent: null };
/** A refusal of this name. */
const refused = (action: string) => ({ action, reason: 'FOLLOW_INVALID', by, from });

/** Of what is told in the process's own log. */
interface Loss {
  companyId: string;
  action: string;
  error: string;
}
let world: World;
let losses: Loss[];
beforeEach(async () => {
  world = await World.found(parts, null);
  losses = [];
});

/** A writer whose database is away when it is asked the first times. */
function newWriter(timesAway = 0): AuditWriter {
  let asked = 0;
  const orm = new Proxy(parts.orm, {
    get(target, name, receiver) {
      asked += name === 'driver' ? 1 : 0;
      if (name === 'driver' && asked <= timesAway) throw new Error('The database is away.');
      return Reflect.get(target, name, receiver);
    },
  });
  const log = { ...parts.log, error: (loss: Loss) => losses.push(loss) };
  return new AuditWriter({ ...parts, orm, log } as never);
}
const actions = async () =>
  (await readAudit(parts.orm, world.companyId, 0, 100)).flatMap(({ action, result }) =>
    result === 'REFUSED' ? [action] : [],
  );

it('what cannot be written is tried three times, and told in the log of the process after that', async () => {
  const late = newWriter(2);
  late.add(world.companyId, refused('late'));
  const never = newWriter(3);
  never.add(world.companyId, refused('never'));
  await Promise.all([late.close(), never.close()]);
  expect(await actions()).toEqual(['late']);
  const error = 'Error: The database is away.';
  expect(losses).toEqual([{ companyId: world.companyId, action: 'never', reason: 'FOLLOW_INVALID', ...by, error }]);
  // What comes after it is written.
  never.add(world.companyId, refused('again'));
  await never.close();
  expect(await actions()).toEqual(['late', 'again']);
}, 20_000);

it('so many wait at most; what is beyond is told in the log of the process only, until there is room', async () => {
  const writer = newWriter();
  const nowhere = newId('company');
  for (let i = 0; i < 10_000; i += 1) writer.add(nowhere, refused('many'));
  expect(losses).toEqual([]);
  writer.add(world.companyId, refused('beyond'));
  expect(losses).toMatchObject([{ companyId: world.companyId, action: 'beyond', error: 'too many wait' }]);
  await writer.close();
  writer.add(world.companyId, refused('after'));
  await writer.close();
  expect([await actions(), losses.length]).toEqual([['after'], 1]);
});

it('what comes all at once for one company is written, however much it is', async () => {
  const writer = newWriter();
  for (let i = 0; i < 5_000; i += 1) writer.add(world.companyId, refused('burst'));
  await writer.close();
  const written = await readAudit(parts.orm, world.companyId, 0, 10_000);
  expect([written.filter(({ action }) => action === 'burst').length, losses.length]).toEqual([5_000, 0]);
}, 20_000);
