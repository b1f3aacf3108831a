import { ConfigError } from './config.js';

const REFERENCE = /^keyvault:(.*)$/;
/** Azure Key Vault, "Objects, identifiers, and versioning": letters, digits and dashes, at most 127. */
const NAME = /^[0-9A-Za-z-]{1,127}$/;
const PATIENCE_MS = 10_000;

type Environment = NodeJS.ProcessEnv;

/**
 * The environment with every value `keyvault:NAME` replaced by the secret of that name in the vault KEY_VAULT_URL, read with
 * the server's own identity. Throws ConfigError with all faults, each by its variable; a secret is in none of them.
 */
export async function withVaultValues(env: Environment): Promise<Environment> {
  const references = Object.entries(env).flatMap(([variable, value]) => {
    const name = REFERENCE.exec(value ?? '')?.[1];
    return name === undefined ? [] : [{ variable, name }];
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
    .filter(({ name }) => !NAME.test(name))
    .map(({ variable }) => `${variable}: what comes after "keyvault:" is no name of a secret`);
  if (!url || !URL.canParse(url) || !url.startsWith('https://'))
    faults.push('KEY_VAULT_URL: must be the https address of the vault that the other variables name');
  return faults;
}

/**
 * In production by the managed identity alone (AZURE_CLIENT_ID names one of several); outside, also as whoever has signed in on
 * this machine. The libraries are loaded only when there is something to read.
 */
async function openVault(url: string, { NODE_ENV, AZURE_CLIENT_ID }: Environment) {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const managed = AZURE_CLIENT_ID ? { clientId: AZURE_CLIENT_ID } : {};
  const credential = NODE_ENV === 'production' ? new ManagedIdentityCredential(managed) : new DefaultAzureCredential();
  const client = new SecretClient(url, credential);
  return async (name: string) => {
    const { value } = await client.getSecret(name, { abortSignal: AbortSignal.timeout(PATIENCE_MS) });
    return value;
  };
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
