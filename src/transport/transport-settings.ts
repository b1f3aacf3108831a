import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CertificateError, checkPair, type TlsFiles } from './certificate.js';
import { proxyFault, TrustedProxies } from './trusted-proxies.js';

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

const proxies = z.string().transform((text, context): TrustedProxies => {
  const faults = names(text).flatMap((name) => proxyFault(name) ?? []);
  for (const message of faults) context.addIssue({ code: 'custom', message });
  return new TrustedProxies(faults.length > 0 ? [] : names(text));
});

const origins = z.string().transform((text, context): string[] => {
  for (const name of names(text)) {
    if (!isOrigin(name))
      context.addIssue({
        code: 'custom',
        message: `"${name}" is not an origin: write it as a browser does, such as https://app.example.com`,
      });
  }
  return names(text);
});

/** An app's own scheme has no origin for `URL`, so it is only looked at; `*` and `null` are nobody in particular. */
function isOrigin(text: string): boolean {
  if (/^https?:/i.test(text)) return URL.parse(text)?.origin === text && !text.includes('*');
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(:\d+)?$/.test(text);
}

/** The variables that say how clients reach the server. */
export const transportVariables = {
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  TLS_RELOAD_MS: z.coerce.number().int().min(100).max(3_600_000).default(10_000),
  HTTP_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  TRUSTED_PROXIES: proxies.default(new TrustedProxies()),
  CORS_ORIGINS: origins.default([]),
};

export interface TransportSettings {
  /** The server's own TLS; null where it is a proxy's, or outside production nobody's. */
  tls: (TlsFiles & { reloadMs: number }) | null;
  /** Where plain HTTP is led to `publicUrl`; null where nobody listens for it. */
  httpPort: number | null;
  trustedProxies: TrustedProxies;
  /** Origins of other sites and of apps that may ask, beside our own. */
  corsOrigins: readonly string[];
}

type Parsed = z.infer<z.ZodObject<typeof transportVariables>>;

export const transportOf = (e: Parsed): TransportSettings => ({
  tls: e.TLS_CERT && e.TLS_KEY ? { cert: e.TLS_CERT, key: e.TLS_KEY, reloadMs: e.TLS_RELOAD_MS } : null,
  httpPort: e.HTTP_PORT ?? null,
  trustedProxies: e.TRUSTED_PROXIES,
  corsOrigins: e.CORS_ORIGINS,
});

/** What is wrong with these variables together, and with the files that they name. */
export function transportFaults(env: NodeJS.ProcessEnv): string[] {
  const { TLS_CERT: cert, TLS_KEY: key, HTTP_PORT, PUBLIC_URL, NODE_ENV } = env;
  const faults: string[] = [];
  if (cert && key) faults.push(...pairFaults({ cert, key }));
  else if (cert) faults.push('TLS_KEY: goes with TLS_CERT');
  else if (key) faults.push('TLS_CERT: goes with TLS_KEY');
  else if (HTTP_PORT) faults.push('HTTP_PORT: leads to HTTPS, so it takes TLS_CERT and TLS_KEY');
  if (HTTP_PORT && [env.PORT ?? '4000', env.METRICS_PORT].includes(HTTP_PORT))
    faults.push('HTTP_PORT: is a port of its own');
  if (cert && PUBLIC_URL && !PUBLIC_URL.startsWith('https://')) faults.push('PUBLIC_URL: is https with TLS_CERT');
  return NODE_ENV === 'production' ? [...faults, ...productionFaults(env)] : faults;
}

function productionFaults({ TLS_CERT, TLS_KEY, TRUSTED_PROXIES, CORS_ORIGINS = '' }: NodeJS.ProcessEnv): string[] {
  const faults = names(CORS_ORIGINS)
    .filter((origin) => origin.startsWith('http://'))
    .map((origin) => `CORS_ORIGINS: "${origin}" must be https in production`);
  const hasTls = Boolean(TLS_CERT || TLS_KEY);
  const hasProxies = names(TRUSTED_PROXIES ?? '').length > 0;
  if (!hasTls && !hasProxies)
    faults.push(
      'TRUSTED_PROXIES: is required in production, as the addresses of the proxies that speak HTTPS for this server, unless it does so itself with TLS_CERT and TLS_KEY',
    );
  if (hasTls && hasProxies)
    faults.push('TRUSTED_PROXIES: in production HTTPS is spoken by them or by this server (TLS_CERT), not by both');
  return faults;
}

function pairFaults(files: TlsFiles): string[] {
  try {
    checkPair({ cert: readNamed('TLS_CERT', files.cert), key: readNamed('TLS_KEY', files.key) });
    return [];
  } catch (error) {
    if (error instanceof CertificateError) return [`${error.variable}: ${error.message}`];
    throw error;
  }
}

/** The file's name is not repeated: who mistakes the variable for the key itself would find that in the log. */
function readNamed(variable: CertificateError['variable'], file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CertificateError(variable, `names no file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
