import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES = 100;

/** 256 bits from the system's generator, in URL-safe characters. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** The server's own key, split by purpose so that a value made for one use is worthless in another. */
export class Keyring {
  readonly #master: Buffer;

  constructor(secretKey: string) {
    this.#master = Buffer.from(secretKey, 'utf8');
  }

  /** A one-way, keyed fingerprint for secrets that are only compared (HMAC-SHA-256, hexadecimal). */
  fingerprint(purpose: string, secret: string): string {
    return createHmac('sha256', this.#key(purpose)).update(secret).digest('hex');
  }

  /** Encrypts and authenticates; `bound` must be the same to open it again (AES-256-GCM, random nonce). */
  seal(purpose: string, bound: string, plain: Buffer): string {
    const nonce = this.#nonce();
    const cipher = createCipheriv('aes-256-gcm', this.#key(purpose), nonce).setAAD(Buffer.from(bound));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
  }

  /** The sealed value, or null when it was not sealed here for this purpose and bound. */
  open(purpose: string, bound: string, sealed: string): Buffer | null {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key(purpose), bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(bound))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }

  /** Each is used once. The system's generator is asked for many at a time: each question costs as much as a cipher. */
  #nonce(): Buffer {
    if (this.#nonces.length === 0) this.#nonces = randomBytes(NONCE_BYTES * NONCES);
    const nonce = this.#nonces.subarray(0, NONCE_BYTES);
    this.#nonces = this.#nonces.subarray(NONCE_BYTES);
    return nonce;
  }

  #nonces = Buffer.alloc(0);
  readonly #derived = new Map<string, KeyObject>();

  #key(purpose: string): KeyObject {
    let key = this.#derived.get(purpose);
    if (!key) {
      key = createSecretKey(Buffer.from(hkdfSync('sha256', this.#master, 'aliteo-server', purpose, 32)));
      this.#derived.set(purpose, key);
    }
    return key;
  }
}
