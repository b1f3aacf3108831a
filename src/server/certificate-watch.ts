import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { isIP } from 'node:net';
import type { Logger } from '../log.js';
import {
  CertificateError,
  checkPair,
  endsSoon,
  type Pair,
  secureOptions,
  type TlsFiles,
} from '../transport/certificate.js';
import { seldom } from './seldom.js';

const DAY_MS = 86_400_000;

/**
 * Reads the certificate's files again and again, so that it does not matter how they are replaced: in place, by a
 * rename, or by a link that then leads elsewhere. New connections get the new pair; those that are open stay.
 */
export class CertificateWatch {
  readonly #timer: NodeJS.Timeout;
  #shouldRemind = seldom(DAY_MS);
  #served: string;
  /** What was found wrong at the last look, and whether that has been told. */
  #fault = { of: '', isTold: false };
  #isLooking = false;
  #certificate;

  constructor(
    readonly server: Server,
    readonly files: TlsFiles & { reloadMs: number },
    pair: Pair,
    /** Where clients reach the server. */
    readonly publicUrl: string,
    readonly log: Logger,
  ) {
    this.#certificate = checkPair(pair);
    this.#served = digestOf(pair);
    this.#compareNames();
    this.#remind();
    this.#timer = setInterval(() => void this.#look(), files.reloadMs);
    this.#timer.unref();
  }

  /** When what is served ends, in seconds of Unix time. */
  get endsAt(): number {
    return Math.floor(this.#certificate.validToDate.getTime() / 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#take({ cert: await readFile(this.files.cert), key: await readFile(this.files.key) });
    } catch (error) {
      this.#note((error as NodeJS.ErrnoException).code ?? '', 'a file cannot be read');
    } finally {
      this.#isLooking = false;
      this.#remind();
    }
  }

  #take(pair: Pair): void {
    const digest = digestOf(pair);
    if (digest === this.#served) {
      this.#fault = { of: '', isTold: false };
      return;
    }
    try {
      const certificate = checkPair(pair);
      this.server.setSecureContext(secureOptions(pair));
      this.#certificate = certificate;
      this.#served = digest;
      this.#shouldRemind = seldom(DAY_MS);
      this.log.info(this.#described(), 'tls: the certificate is a new one');
      this.#compareNames();
    } catch (error) {
      this.#note(digest, error instanceof CertificateError ? `${error.variable} ${error.message}` : String(error));
    }
  }

  /** Told at the second look: at the first one, somebody may have replaced one of the two files only. */
  #note(of: string, why: string): void {
    if (this.#fault.of !== of) this.#fault = { of, isTold: false };
    else if (!this.#fault.isTold) {
      this.#fault.isTold = true;
      this.log.error({ ...this.#described(), why }, 'tls: the new certificate is not taken, the old one is kept');
    }
  }

  #remind(): void {
    if (endsSoon(this.#certificate) && this.#shouldRemind())
      this.log.warn(this.#described(), 'tls: the certificate ends soon');
  }

  /** Clients may come by another name as well, so this is only told. */
  #compareNames(): void {
    const host = new URL(this.publicUrl).hostname.replace(/^\[|\]$/g, '');
    const { subjectAltName: names } = this.#certificate;
    if (!(isIP(host) ? this.#certificate.checkIP(host) : this.#certificate.checkHost(host)))
      this.log.warn({ host, names }, 'tls: the certificate is not for the host of PUBLIC_URL');
  }

  #described() {
    const { fingerprint256: fingerprint, validToDate } = this.#certificate;
    return { fingerprint, endsAt: validToDate.toISOString() };
  }
}

const digestOf = ({ cert, key }: Pair): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('hex');
