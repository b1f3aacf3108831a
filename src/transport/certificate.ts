import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** Where the operator keeps the certificate, with its chain, and its key. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export interface Pair {
  cert: Buffer;
  key: Buffer;
}

/** Says which of the two variables is at fault. Its message repeats nothing of what is in the files. */
export class CertificateError extends Error {
  constructor(
    readonly variable: 'TLS_CERT' | 'TLS_KEY',
    message: string,
  ) {
    super(message);
    this.name = 'CertificateError';
  }
}

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** What TLS is spoken with: 1.2 or 1.3, keys that are agreed on anew for each connection, and authenticated ciphers. */
export const secureOptions = ({ cert, key }: Pair): SecureContextOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS.join(':'),
});

/** Reads the first certificate of a pair that can be served with now. Throws CertificateError otherwise. */
export function checkPair(pair: Pair, now = new Date()): X509Certificate {
  const certificate = read('TLS_CERT', 'has no certificate in PEM', () => new X509Certificate(pair.cert));
  const key = read('TLS_KEY', 'has no private key in PEM that is readable without a password', () =>
    createPrivateKey(pair.key),
  );
  if (!certificate.checkPrivateKey(key))
    throw new CertificateError('TLS_KEY', 'is the key of another certificate than the first one in TLS_CERT');
  if (certificate.validToDate <= now)
    throw new CertificateError('TLS_CERT', `has ended, at ${certificate.validToDate.toISOString()}`);
  if (certificate.validFromDate > now)
    throw new CertificateError('TLS_CERT', `begins only at ${certificate.validFromDate.toISOString()}`);
  read('TLS_CERT', 'is not taken: its chain is broken, or its key is too weak', () =>
    createSecureContext(secureOptions(pair)),
  );
  return certificate;
}

const DAY_MS = 86_400_000;

/** Whether a certificate should have been replaced by now: in its last fortnight, or in the last fifth of a shorter life. */
export function endsSoon({ validFromDate, validToDate }: X509Certificate, now = new Date()): boolean {
  const life = validToDate.getTime() - validFromDate.getTime();
  return validToDate.getTime() - now.getTime() < Math.min(14 * DAY_MS, life / 5);
}

function read<T>(variable: CertificateError['variable'], message: string, reader: () => T): T {
  try {
    return reader();
  } catch {
    throw new CertificateError(variable, message);
  }
}
