import { beforeEach, describe, expect, it } from '@jest/globals';
import { Keyring } from '../../src/crypto.js';
import { EMPTIED, hashAfter } from '../../src/domain/audit-chain.js';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import { deactivateMember } from '../../src/domain/members.js';
import { Refusals } from '../../src/domain/refusals.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { verifyAudit } from '../../src/domain/verify-audit.js';
import { AuditEntry, AuditHead } from '../../src/entities/audit-entry.js';
import { forkFor } from '../../src/entities/orm.js';
import { insertRows, listRows, type Row } from '../../src/entities/rows.js';
import { newId } from '../../src/schema/ids.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
beforeEach(async () => {
  world = await World.found(parts, null);
  for (let i = 0; i < 4; i += 1) await world.member();
});

const ORIGIN = { address: '192.0.2.7', userAgent: 'A browser' };
const STRANGER = { actorId: null, entryPoint: 'FOLLOWER' } as const;
const newRefusals = () => new Refusals(new AuditWriter(parts));
const close = (refusals: Refusals) => {
  refusals.close();
  return refusals.writer.close();
};
const em = () => forkFor(parts.orm, { companyId: world.companyId });
const entries = () => listRows(em(), AuditEntry, true, { orderBy: [['number', 'ASC']] });
const verdict = () => verifyAudit(parts, world.companyId);
const change = (number: number, values: Partial<Row<AuditEntry>>) => em().nativeUpdate(AuditEntry, { number }, values);

it('a chain that nobody has touched is sound, and its end is told', async () => {
  const written = await entries();
  expect(await verdict()).toEqual({ isSound: true, number: written.length, hash: written.at(-1)?.hash });
  await deactivateMember(parts, world.admin.viewer, (await world.member()).member.id);
  expect(await verdict()).toMatchObject({ isSound: true, number: written.length + 2 });
});

it('a company in whose log nothing stands is sound', async () => {
  expect(await verifyAudit(parts, 'company_01h455vb4pex5vsknk084sn02q')).toEqual({
    isSound: true,
    number: 0,
    hash: '',
  });
});

describe('the first broken link is named', () => {
  it.each<[string, Partial<Row<AuditEntry>>]>([
    ['an action', { action: 'member.readmitted' }],
    ['an actor', { actorId: null }],
    ['an object', { objectId: 'member_01h455vb4pex5vsknk084sn02q' }],
    ['a result', { result: 'REFUSED' }],
    ['a reason', { reason: 'ROLE_REQUIRED' }],
    ['an entry point', { entryPoint: 'FOLLOWER' }],
    ['a time', { occurredAt: new Date('2001-01-01') }],
    ['details', { details: '{}' }],
    ['the digest of the origin', { originDigest: '0'.repeat(64) }],
    ['a hash', { hash: '0'.repeat(64) }],
    ['an id', { id: 'audit_01h455vb4pex5vsknk084sn02q' }],
  ])('where %s was changed', async (_what, values) => {
    await change(3, values);
    expect(await verdict()).toMatchObject({ isSound: false, number: 3, fault: 'is not as it was written' });
  });

  it('where an entry came from elsewhere than it says', async () => {
    await change(2, { address: '192.0.2.1' });
    expect(await verdict()).toEqual({ isSound: false, number: 2, fault: 'came from elsewhere than it says' });
  });

  it.each([
    ['the first', 1],
    ['one in the midst', 3],
    ['the last', 6],
  ])('where %s was taken out', async (_what, number) => {
    expect((await entries()).length).toBe(6);
    await em().nativeDelete(AuditEntry, { number });
    expect(await verdict()).toEqual({ isSound: false, number, fault: 'is missing' });
  });

  it('where the rest was chained anew behind a change, by somebody without the key', async () => {
    const { chaining } = await import('../../src/domain/audit.js');
    const forger = new Keyring('a key that is long enough, and another one');
    const forgery = em();
    await forgery.nativeDelete(AuditEntry, {});
    await forgery.nativeDelete(AuditHead, {});
    const author = { companyId: world.companyId, actorId: null, entryPoint: 'OPERATOR' };
    await forgery.begin();
    const statements = await chaining(forgery, forger, author, undefined, [{ action: 'company.founded' }]);
    const { runAndCommit } = await import('../../src/entities/statements.js');
    await runAndCommit(forgery, statements);
    expect(await verdict()).toEqual({ isSound: false, number: 1, fault: 'is not the end that was sealed' });
  });

  it('where the end was put back, to be shorter', async () => {
    const [head] = await listRows(em(), AuditHead, true);
    const previous = (await entries()).at(-2) as Row<AuditEntry>;
    await em().nativeDelete(AuditEntry, { number: head?.number ?? 0 });
    await em().nativeUpdate(AuditHead, {}, { number: previous.number, hash: previous.hash });
    expect(await verdict()).toEqual({
      isSound: false,
      number: previous.number,
      fault: 'is not the end that was sealed',
    });
  });

  it('where an entry was put behind the end', async () => {
    const last = (await entries()).at(-1) as Row<AuditEntry>;
    const occurredAt = new Date(last.occurredAt.getTime() + 1);
    const forged = { ...last, id: newId('audit'), number: last.number + 1, occurredAt };
    await insertRows(em(), AuditEntry, [{ ...forged, hash: hashAfter(last.hash, forged) }]);
    expect(await verdict()).toMatchObject({ isSound: false, number: forged.number });
  });

  it('where there are entries, and no end', async () => {
    await em().nativeDelete(AuditHead, {});
    expect(await verdict()).toMatchObject({ isSound: false, number: 1 });
  });
});

describe('where somebody was', () => {
  it.each([
    [
      'a member',
      (refusals: Refusals, action: string) => refusals.note(world.admin.viewer, ORIGIN, action, 'ROLE_REQUIRED'),
    ],
    [
      'a stranger',
      (refusals: Refusals, action: string) =>
        refusals.noteAs({ ...STRANGER, companyId: world.companyId }, ORIGIN, action, 'FOLLOW_INVALID'),
    ],
  ])('is not emptied without an erasure that tells of it: of %s', async (_who, refuse) => {
    const refusals = newRefusals();
    const { length } = await entries();
    refuse(refusals, 'follows');
    refuse(refusals, 'auditLog');
    await close(refusals);
    const [{ number }, second] = (await entries()).slice(length) as [Row<AuditEntry>, Row<AuditEntry>];
    expect(second).toMatchObject(ORIGIN);
    await deactivateMember(parts, world.admin.viewer, (await world.member()).member.id);
    for (const emptied of [number, second.number]) await change(emptied, EMPTIED);
    const fault = 'was emptied, and no erasure tells of it';
    expect(await verdict()).toEqual({ isSound: false, number, fault });
  });
});

it('an entry that was emptied is named before one that was changed after it, and not after it', async () => {
  const refusals = newRefusals();
  const { length } = await entries();
  for (const action of ['follows', 'auditLog']) refusals.note(world.admin.viewer, ORIGIN, action, 'ROLE_REQUIRED');
  await close(refusals);
  const number = length + 1;
  await change(number, EMPTIED);
  await change(number + 1, { details: '{"more":1}' });
  expect(await verdict()).toEqual({ isSound: false, number, fault: 'was emptied, and no erasure tells of it' });
  await change(2, { details: '{"more":1}' });
  expect(await verdict()).toEqual({ isSound: false, number: 2, fault: 'is not as it was written' });
});

describe('refusals', () => {
  const refuse = (refusals: Refusals, action: string, address = '192.0.2.7') =>
    refusals.note(world.admin.viewer, { address, userAgent: null }, action, 'ROLE_REQUIRED');
  const refused = async () =>
    (await entries()).filter(({ result }) => result === 'REFUSED').map(({ action, details }) => [action, details]);

  it('that are alike are one entry, and how many more there were is told at the end', async () => {
    const refusals = newRefusals();
    for (let i = 0; i < 10; i += 1) refuse(refusals, 'follows');
    refuse(refusals, 'follows', '192.0.2.8');
    await close(refusals);
    expect((await refused()).sort()).toEqual([
      ['follows', '{"timesMore":9}'],
      ['follows', '{}'],
      ['follows', '{}'],
    ]);
  });

  it('that are all unlike are told in one from so many on', async () => {
    const refusals = newRefusals();
    for (let i = 0; i < 300; i += 1) refuse(refusals, `field${i}`);
    await close(refusals);
    const told = await refused();
    expect(told.length).toBeLessThan(60);
    expect(told).toContainEqual(['many', expect.stringMatching(/timesMore":2\d\d/)]);
    expect(await verdict()).toMatchObject({ isSound: true });
  });

  it('of strangers leave room to be told of those of others, from how many addresses ever they come', async () => {
    const refusals = newRefusals();
    const stranger = { ...STRANGER, companyId: world.companyId };
    for (let i = 0; i < 300; i += 1)
      refusals.noteAs(stranger, { address: `192.0.2.${i % 250}`, userAgent: null }, `access${i}`, 'FOLLOW_INVALID');
    for (let i = 0; i < 300; i += 1)
      refusals.noteAs(stranger, { address: `2001:db8::${i}`, userAgent: null }, 'access', 'FOLLOW_INVALID');
    refuse(refusals, 'auditLog');
    await close(refusals);
    const told = await refused();
    expect(told.filter(([action]) => action !== 'auditLog').length).toBeLessThan(30);
    expect(told).toContainEqual(['auditLog', '{}']);
  });

  it('of strangers take half of what a process remembers, whatever companies they name, and of members the rest', async () => {
    const refusals = newRefusals();
    const members = (number: number) => {
      for (let i = 0; i < number; i += 1)
        refusals.noteAs(
          { companyId: `company_${Math.floor(i / 50)}`, actorId: 'member_x', entryPoint: 'MEMBER' },
          ORIGIN,
          `field${i}`,
          'ROLE_REQUIRED',
        );
    };
    const strangers = (number: number) => {
      for (let i = 0; i < number; i += 1)
        refusals.noteAs(
          { ...STRANGER, companyId: `company_${Math.floor(i / 10)}` },
          ORIGIN,
          `access${i}`,
          'FOLLOW_INVALID',
        );
    };
    strangers(5_000);
    await refusals.writer.close();
    refusals.noteAs({ ...STRANGER, companyId: world.companyId }, ORIGIN, 'access', 'FOLLOW_INVALID');
    refuse(refusals, 'follows');
    members(4_999);
    await refusals.writer.close();
    refuse(refusals, 'auditLog');
    refuse(refusals, 'follows');
    await close(refusals);
    expect(await refused()).toEqual([
      ['follows', '{}'],
      ['follows', '{"timesMore":1}'],
    ]);
  });

  it('of people outside of any company are in no log', async () => {
    const refusals = newRefusals();
    refusals.note({ kind: 'NOBODY' }, { address: '192.0.2.7', userAgent: null }, 'follows', 'NO_CREDENTIAL');
    await close(refusals);
    expect(await refused()).toEqual([]);
  });
});
