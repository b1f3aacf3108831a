import { Keyring, randomSecret } from '../crypto.js';
import { madeOnce } from '../made-once.js';
import { type KeyVersion, type KeyWrapper, type WrappedKey, WrappedKeyError } from './key-wrapper.js';

const NAME = 'file';
const PURPOSE = 'data-key';

/**
 * Wraps with a file of keys, in development. Each line is a version and its key; the last one is the newest, so a line more is
 * another version. It is read each time, which is seldom: a new version needs no restart.
 */
export class FileKeyWrapper implements KeyWrapper {
  constructor(readonly file: string) {}

  async newest(): Promise<KeyVersion> {
    const [version] = this.#lines().at(-1) ?? [];
    if (!version) throw new Error(`${this.file} has no key.`);
    return { name: NAME, version };
  }

  async wrap(key: Buffer): Promise<WrappedKey> {
    const newest = await this.newest();
    return { ...newest, wrapped: this.#keyring(newest).seal(PURPOSE, newest.version, key) };
  }

  async unwrap(key: WrappedKey): Promise<Buffer> {
    const plain = this.#keyring(key).open(PURPOSE, key.version, key.wrapped);
    if (!plain) throw new WrappedKeyError(key);
    return plain;
  }

  #keyring(wanted: KeyVersion): Keyring {
    const [, key] = this.#lines().find(([version]) => version === wanted.version) ?? [];
    if (!key || wanted.name !== NAME) throw new WrappedKeyError(wanted);
    return new Keyring(key);
  }

  #lines(): string[][] {
    const text = madeOnce(this.file, () => `1 ${randomSecret()}\n`);
    return text.split('\n').flatMap((line) => (line.trim() ? [line.trim().split(/\s+/)] : []));
  }
}
