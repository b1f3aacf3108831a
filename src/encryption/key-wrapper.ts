/** One version of the key that data keys are wrapped with; it never leaves its vault. */
export interface KeyVersion {
  /** Where the key is, and how it is called there. */
  readonly name: string;
  readonly version: string;
}

/** A data key as it may be kept. */
export interface WrappedKey extends KeyVersion {
  readonly wrapped: string;
}

/**
 * Wraps data keys, and unwraps them. Throws UNAVAILABLE while the vault cannot be asked, and WrappedKeyError for what it will
 * never unwrap.
 */
export interface KeyWrapper {
  /** The version that is wrapped with from now on. */
  newest(): Promise<KeyVersion>;
  /** By the newest version. */
  wrap(key: Buffer): Promise<WrappedKey>;
  unwrap(key: WrappedKey): Promise<Buffer>;
}

/** A wrapped key is not one of this vault, or has been changed, or its version is gone. */
export class WrappedKeyError extends Error {
  constructor({ name, version }: KeyVersion, options?: ErrorOptions) {
    super(`The data key cannot be unwrapped by ${name}, version ${version}.`, options);
    this.name = 'WrappedKeyError';
  }
}
