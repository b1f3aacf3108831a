import { resolve } from 'node:path';

/** Where the key is that data keys are wrapped with. */
export type EncryptionKey =
  | { readonly kind: 'keyvault'; readonly vaultUrl: string; readonly name: string }
  /** In development. The file is made at its first use. */
  | { readonly kind: 'file'; readonly file: string };

/** The variable that names a key of the vault, where all others name a secret of it. */
export const ENCRYPTION_KEY = 'ENCRYPTION_KEY';

/** Azure Key Vault, "Objects, identifiers, and versioning": letters, digits and dashes, at most 127. */
export const VAULT_NAME = /^[0-9A-Za-z-]{1,127}$/;

const IN_VAULT = /^keyvault:(.*)$/s;
const IN_FILE = /^file:(.+)$/s;

/** What is wrong with the two variables, each by its name. */
export function encryptionKeyFaults(env: NodeJS.ProcessEnv): string[] {
  const { ENCRYPTION_KEY: key, KEY_VAULT_URL: url = '', NODE_ENV } = env;
  if (!key) return [];
  const name = IN_VAULT.exec(key)?.[1];
  if (name === undefined) {
    if (NODE_ENV === 'production')
      return [`${ENCRYPTION_KEY}: must be keyvault:NAME in production, a key file is for development`];
    return IN_FILE.test(key) ? [] : [`${ENCRYPTION_KEY}: must be keyvault:NAME or file:PATH`];
  }
  const faults: string[] = [];
  if (!VAULT_NAME.test(name)) faults.push(`${ENCRYPTION_KEY}: what comes after "keyvault:" is no name of a key`);
  if (!isVaultUrl(url))
    faults.push(`KEY_VAULT_URL: must be the https address of the vault that ${ENCRYPTION_KEY} is in`);
  return faults;
}

/** The key that is named, or the development's own file. What is named has no faults. */
export function encryptionKeyOf(env: NodeJS.ProcessEnv, dataDir: string): EncryptionKey {
  const { ENCRYPTION_KEY: key = `file:${dataDir}/encryption.key`, KEY_VAULT_URL: vaultUrl = '' } = env;
  const name = IN_VAULT.exec(key)?.[1];
  if (name !== undefined) return { kind: 'keyvault', vaultUrl, name };
  return { kind: 'file', file: resolve(IN_FILE.exec(key)?.[1] ?? '') };
}

export const isVaultUrl = (url: string | undefined): boolean => URL.parse(url ?? '')?.protocol === 'https:';
