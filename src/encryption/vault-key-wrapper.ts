import type { TokenCredential } from '@azure/identity';
import type { KeyClient } from '@azure/keyvault-keys';
import { unavailable } from '../errors.js';
import { vaultCredential } from '../key-vault.js';
import { type KeyVersion, type KeyWrapper, type WrappedKey, WrappedKeyError } from './key-wrapper.js';

/** RSA with OAEP and SHA-256: the vault has the private half, and gives it to nobody. */
const ALGORITHM = 'RSA-OAEP-256';
const PATIENCE_MS = 5_000;
/** Within that time; what has failed then is the caller's to try again. */
const RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 };
/** What the vault says of a key, and not of itself: it will say the same again. */
const REFUSED = new Set([400, 404]);

export interface VaultKeyOptions {
  readonly vaultUrl: string;
  readonly name: string;
  readonly production: boolean;
  readonly clientId: string | undefined;
}

interface Vault {
  readonly credential: TokenCredential;
  readonly keys: KeyClient;
}

/** Wraps with a key of Azure Key Vault, by the server's own identity, which needs `get`, `wrapKey` and `unwrapKey` of it. */
export class VaultKeyWrapper implements KeyWrapper {
  #vault: Promise<Vault> | undefined;

  constructor(readonly options: VaultKeyOptions) {}

  newest(): Promise<KeyVersion> {
    return this.#ask(async ({ keys }, abortSignal) => {
      const { name } = this.options;
      const { version } = (await keys.getKey(name, { abortSignal })).properties;
      if (!version) throw new Error('The vault names no version of the key.');
      return { name, version };
    });
  }

  async wrap(key: Buffer): Promise<WrappedKey> {
    const newest = await this.newest();
    const { result } = await this.#cipher(newest, (client, abortSignal) =>
      client.wrapKey(ALGORITHM, key, { abortSignal }),
    );
    return { ...newest, wrapped: Buffer.from(result).toString('base64url') };
  }

  async unwrap(key: WrappedKey): Promise<Buffer> {
    const wrapped = Buffer.from(key.wrapped, 'base64url');
    const { result } = await this.#cipher(key, (client, abortSignal) =>
      client.unwrapKey(ALGORITHM, wrapped, { abortSignal }),
    );
    return Buffer.from(result);
  }

  async #cipher<T>(
    version: KeyVersion,
    act: (client: import('@azure/keyvault-keys').CryptographyClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { CryptographyClient } = await import('@azure/keyvault-keys');
    const id = new URL(`/keys/${version.name}/${version.version}`, this.options.vaultUrl).href;
    return this.#ask(async ({ credential }, signal) => {
      try {
        return await act(new CryptographyClient(id, credential, { retryOptions: RETRIES }), signal);
      } catch (error) {
        const { statusCode } = error as { statusCode?: number };
        throw statusCode !== undefined && REFUSED.has(statusCode)
          ? new WrappedKeyError(version, { cause: error })
          : error;
      }
    });
  }

  async #ask<T>(act: (vault: Vault, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      this.#vault ??= this.#open();
      return await act(await this.#vault, AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      if (error instanceof WrappedKeyError) throw error;
      // The libraries' own messages may have parts of requests in them: they stay inside.
      throw unavailable('KEYS_UNAVAILABLE', 'The vault of the keys does not answer: try again soon.', error);
    }
  }

  async #open(): Promise<Vault> {
    const { vaultUrl, production, clientId } = this.options;
    const { KeyClient } = await import('@azure/keyvault-keys');
    const credential = await vaultCredential(production, clientId);
    return { credential, keys: new KeyClient(vaultUrl, credential, { retryOptions: RETRIES }) };
  }
}
