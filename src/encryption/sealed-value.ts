import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

/** Where a sealed value stands. Moved anywhere else, it does not open. */
export interface Place {
  readonly companyId: string;
  readonly table: string;
  readonly column: string;
  readonly id: string;
}

/** A value was not sealed for this place by this key, or has been changed. */
export class SealedValueError extends Error {
  constructor({ table, column, id }: Place) {
    super(`The ${column} of ${id} in ${table} is not as it was sealed.`);
    this.name = 'SealedValueError';
  }
}

const VERSION = 'v1';
const SHAPE = /^v1\.([1-9]\d{0,8})\.([\w-]+)$/;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `v1.GENERATION.…`: how the values of one generation of data key begin. */
export const beginningOf = (generation: number): string => `${VERSION}.${generation}.`;

/** Encrypts and authenticates by AES-256-GCM with a random nonce: NIST SP 800-38D allows 2^32 of them under one key. */
export function sealValue(key: KeyObject, generation: number, place: Place, plain: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(generation, place));
  const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return beginningOf(generation) + body.toString('base64url');
}

/** Which generation of the company's data key a value is sealed with. Throws SealedValueError. */
export function generationOf(place: Place, sealed: string): number {
  const generation = SHAPE.exec(sealed)?.[1];
  if (generation === undefined) throw new SealedValueError(place);
  return Number(generation);
}

/** What was sealed. Throws SealedValueError. */
export function openValue(key: KeyObject, place: Place, sealed: string): string {
  const [, generation, text = ''] = SHAPE.exec(sealed) ?? [];
  const bytes = Buffer.from(text, 'base64url');
  if (generation === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealedValueError(place);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(boundTo(Number(generation), place))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const plain = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch {
    throw new SealedValueError(place);
  }
}

const boundTo = (generation: number, { companyId, table, column, id }: Place): Buffer =>
  Buffer.from(JSON.stringify([VERSION, generation, companyId, table, column, id]));
