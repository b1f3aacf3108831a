import { LockMode } from '@mikro-orm/core';
import { newKeySecret } from '../auth/api-key-secret.js';
import type { MemberViewer } from '../auth/viewer.js';
import { ApiKey, ApiKeySecret } from '../entities/api-key.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { referenceTo } from '../entities/rows.js';
import type { Scope } from '../entities/vocabulary.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { rangeFault } from '../transport/address-ranges.js';
import { transactAs } from './actor.js';
import { expectName } from './texts.js';
import type { Done, Parts } from './unit-of-work.js';

export interface NewApiKey {
  name: string;
  scopes: readonly Scope[];
  allowedAddresses?: readonly string[] | null;
  expiresAt: Date;
}

/** A key, and a secret of it that is told now and never again. */
export interface ShownKey {
  apiKey: ApiKey;
  secret: string;
}

const DAY_MS = 86_400_000;
/** A year, and a day for whoever counts otherwise. */
const LONGEST_MS = 366 * DAY_MS;
const LONGEST_OVERLAP_SECONDS = 7 * 86_400;
/** Open ones of a company. */
const MOST_KEYS = 100;
const MOST_RANGES = 50;

/** Makes an API key. Asks for an administrator (the schema does). */
export function createApiKey(parts: Parts, viewer: MemberViewer, input: NewApiKey): Promise<Done<ShownKey>> {
  const { companyId } = viewer;
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em, member } = work;
    const scopes = [...new Set(input.scopes)];
    if (scopes.length === 0) throw new UserError('SCOPES', 'Say what the key may do.', 'scopes');
    const open = { revokedAt: null, expiresAt: { $gt: new Date() } };
    if ((await em.count(ApiKey, open)) >= MOST_KEYS)
      throw new UserError('TOO_MANY_KEYS', `A company has ${MOST_KEYS} open keys at most: revoke some.`);
    const apiKey = em.create(ApiKey, {
      companyId,
      name: expectName(input.name, 'A key'),
      scopes,
      allowedAddresses: expectRanges(input.allowedAddresses ?? []),
      createdBy: referenceTo(em, Member, member),
      expiresAt: expectExpiry(input.expiresAt),
    });
    const secret = addSecret(parts, em, apiKey);
    // Its name may be somebody's, and what stands in the audit log stays there.
    const { allowedAddresses, expiresAt } = apiKey;
    work.record({ type: 'apikey.created', objectId: apiKey.id, data: { scopes, allowedAddresses, expiresAt } });
    return { apiKey, secret };
  });
}

/**
 * Gives a key a new secret. Those before go on for `overlapSeconds`, so that a program can be given the new one without a
 * pause; then they end, and with them the sockets that came by them. Asks for an administrator (the schema does).
 */
export function rotateApiKey(
  parts: Parts,
  viewer: MemberViewer,
  keyId: string,
  overlapSeconds: number,
  expiresAt: Date | null,
): Promise<Done<ShownKey>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const apiKey = await holdKey(em, keyId);
    if (apiKey.revokedAt) throw new UserError('KEY_ENDED', 'This key has been revoked.', 'keyId');
    if (overlapSeconds < 0 || overlapSeconds > LONGEST_OVERLAP_SECONDS)
      throw new UserError('OVERLAP', 'The secret before goes on for seven days at most.', 'overlapSeconds');
    const isOver = apiKey.expiresAt.getTime() <= Date.now();
    if (expiresAt) apiKey.expiresAt = expectExpiry(expiresAt);
    else if (isOver)
      throw new UserError('KEY_ENDED', 'The time of this key is over: say until when it is to be good.', 'expiresAt');
    // What has ended by its time is not brought back by another one.
    const end = new Date(Date.now() + (isOver ? 0 : overlapSeconds * 1_000));
    for (const before of await em.find(ApiKeySecret, { key: { id: apiKey.id } }))
      if (!before.expiresAt || before.expiresAt > end) before.expiresAt = end;
    const secret = addSecret(parts, em, apiKey);
    work.record({ type: 'apikey.rotated', objectId: apiKey.id, data: { overlapSeconds, expiresAt: apiKey.expiresAt } });
    return { apiKey, secret };
  });
}

/** Ends a key with all its secrets: requests are refused from now on, sockets close. Ending it twice is no fault. */
export function revokeApiKey(parts: Parts, viewer: MemberViewer, keyId: string): Promise<Done<ApiKey>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const apiKey = await holdKey(work.em, keyId);
    if (!apiKey.revokedAt) {
      apiKey.revokedAt = new Date();
      work.record({ type: 'apikey.revoked', objectId: apiKey.id, changes: { revokedAt: [null, apiKey.revokedAt] } });
    }
    return apiKey;
  });
}

async function holdKey(em: EntityManager, keyId: string): Promise<ApiKey> {
  const key = await em.findOne(ApiKey, { id: expectId('apikey', keyId) }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!key) throw notFound('apikey');
  return key;
}

function addSecret({ keyring }: Parts, em: EntityManager, key: ApiKey): string {
  const { companyId } = key;
  const { secret, hash, prefix } = newKeySecret(keyring, companyId);
  em.create(ApiKeySecret, { companyId, hash, key, prefix });
  return secret;
}

function expectExpiry(expiresAt: Date): Date {
  const left = expiresAt.getTime() - Date.now();
  if (left <= 0) throw new UserError('EXPIRY_PAST', 'The expiry lies in the past.', 'expiresAt');
  if (left > LONGEST_MS) throw new UserError('EXPIRY_TOO_FAR', 'A key is good for a year at most.', 'expiresAt');
  return expiresAt;
}

function expectRanges(names: readonly string[]): string[] {
  const ranges = [...new Set(names.map((name) => name.trim()))];
  if (ranges.length > MOST_RANGES)
    throw new UserError('ADDRESS_RANGE', `Name ${MOST_RANGES} ranges at most.`, 'allowedAddresses');
  for (const range of ranges) {
    const fault = rangeFault(range.slice(0, 60));
    if (fault) throw new UserError('ADDRESS_RANGE', `${fault}.`, 'allowedAddresses');
  }
  return ranges;
}
