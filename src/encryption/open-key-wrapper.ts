import type { EncryptionKey } from '../encryption-key.js';
import { FileKeyWrapper } from './file-key-wrapper.js';
import type { KeyWrapper } from './key-wrapper.js';
import { VaultKeyWrapper } from './vault-key-wrapper.js';

interface Settings {
  readonly encryptionKey: EncryptionKey;
  readonly production: boolean;
  readonly azureClientId: string | undefined;
}

/** What data keys are wrapped with here. Nothing is asked of it before it is used. */
export const openKeyWrapper = ({ encryptionKey, production, azureClientId }: Settings): KeyWrapper =>
  encryptionKey.kind === 'file'
    ? new FileKeyWrapper(encryptionKey.file)
    : new VaultKeyWrapper({ ...encryptionKey, production, clientId: azureClientId });
