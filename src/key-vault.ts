import type { TokenCredential } from '@azure/identity';
import { ConfigError } from './config.js';
import { ENCRYPTION_KEY, isVaultUrl, VAULT_NAME } from './encryption-key.js';

const REFERENCE = /^keyvault:(.*)$/;
const PATIENCE_MS = 10_000;

type Environment = NodeJS.ProcessEnv;

/**
 * The environment with every value `keyvault:NAME` replaced by the secret of that name in the vault KEY_VAULT_URL, read with
 * the server's own identity. Throws ConfigError with all faults, each by its variable; a secret is in none of them.
 */
export async function withVaultValues(env: Environment): Promise<Environment> {
  const references = Object.entries(env).flatMap(([variable, value]) => {
    const name = REFERENCE.exec(value ?? '')?.[1];
    return name === undefined || variable === ENCRYPTION_KEY ? [] : [{ variable, name }];
  });
  if (references.length === 0) return env;
  const faults = faultsOf(env.KEY_VAULT_URL, references);
  if (faults.length > 0) throw new ConfigError(faults);
  const read = await openVault(env.KEY_VAULT_URL as string, env);
  const outcomes = await Promise.allSettled(references.map(({ name }) => read(name)));
  const values: Environment = {};
  for (const [i, { variable, name }] of references.entries()) {
    const outcome = outcomes[i];
    if (outcome?.status === 'fulfilled' && outcome.value) values[variable] = outcome.value;
    else
      faults.push(`${variable}: ${outcome?.status === 'rejected' ? why(outcome.reason, name) : `"${name}" is empty`}`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { ...env, ...values };
}

function faultsOf(url: string | undefined, references: readonly { variable: string; name: string }[]): string[] {
  const faults = references
    .filter(({ name }) => !VAULT_NAME.test(name))
    .map(({ variable }) => `${variable}: what comes after "keyvault:" is no name of a secret`);
  if (!isVaultUrl(url))
    faults.push('KEY_VAULT_URL: must be the https address of the vault that the other variables name');
  return faults;
}

async function openVault(url: string, { NODE_ENV, AZURE_CLIENT_ID }: Environment) {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const client = new SecretClient(url, await vaultCredential(NODE_ENV === 'production', AZURE_CLIENT_ID));
  return async (name: string) => {
    const { value } = await client.getSecret(name, { abortSignal: AbortSignal.timeout(PATIENCE_MS) });
    return value;
  };
}

/**
 * Who asks the vault: in production the managed identity alone (`clientId` names one of several); outside, also whoever has
 * signed in on this machine. Azure's libraries are loaded only when there is something to ask.
 */
export async function vaultCredential(production: boolean, clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  return production ? new ManagedIdentityCredential(clientId ? { clientId } : {}) : new DefaultAzureCredential();
}

/** What the operator is told. The libraries' own messages may have parts of requests in them. */
function why(error: unknown, name: string): string {
  const { statusCode, name: kind } = error as { statusCode?: number; name?: string };
  if (statusCode === 404) return `the key vault has no secret "${name}"`;
  if (statusCode === 401 || statusCode === 403) return `the key vault does not let this identity read "${name}"`;
  if (kind === 'CredentialUnavailableError' || kind === 'AuthenticationError')
    return `there is no identity to read "${name}" with`;
  return `the key vault does not answer for "${name}"`;
}
