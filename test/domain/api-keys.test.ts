import { beforeEach, describe, expect, it } from '@jest/globals';
import { createApiKey, revokeApiKey, rotateApiKey } from '../../src/domain/api-keys.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { ApiKey } from '../../src/entities/api-key.js';
import { forkFor } from '../../src/entities/orm.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
beforeEach(async () => {
  world = await World.found(parts, null);
});

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS);
const create = (allowedAddresses: readonly string[] = []) =>
  createApiKey(parts, world.admin.viewer, {
    name: 'K',
    scopes: ['TASKS_READ'],
    allowedAddresses,
    expiresAt: inAnHour(),
  });
const expire = (id: string) =>
  forkFor(parts.orm, { companyId: world.companyId }).nativeUpdate(
    ApiKey,
    { id },
    { expiresAt: new Date(Date.now() - 1_000) },
  );

it('a company has a hundred open keys at most: what was revoked, or is over, makes room', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 100; i += 1) ids.push((await world.key(['TASKS_READ'])).id);
  await expect(create()).rejects.toMatchObject({ code: 'TOO_MANY_KEYS' });
  await revokeApiKey(parts, world.admin.viewer, ids[0] ?? '');
  await create();
  await expect(create()).rejects.toMatchObject({ code: 'TOO_MANY_KEYS' });
  await expire(ids[1] ?? '');
  await create();
});

it('a key is good from fifty ranges of addresses at most, each named once', async () => {
  const ranges = Array.from({ length: 51 }, (_, i) => `192.0.2.${i}`);
  await expect(create(ranges)).rejects.toMatchObject({ code: 'ADDRESS_RANGE', field: 'allowedAddresses' });
  const { result } = await create([...ranges.slice(0, 50), ...ranges.slice(0, 50)]);
  expect(result.apiKey.allowedAddresses).toEqual(ranges.slice(0, 50));
});

describe('a key whose time is over', () => {
  it('is given a new secret only with a new time', async () => {
    const { id } = await world.key(['TASKS_READ']);
    await expire(id);
    const rotate = (expiresAt: Date | null) => rotateApiKey(parts, world.admin.viewer, id, 0, expiresAt);
    await expect(rotate(null)).rejects.toMatchObject({ code: 'KEY_ENDED', field: 'expiresAt' });
    const expiresAt = inAnHour();
    expect((await rotate(expiresAt)).result.apiKey.expiresAt).toEqual(expiresAt);
    expect((await rotate(null)).result.apiKey.expiresAt).toEqual(expiresAt);
  });
});
