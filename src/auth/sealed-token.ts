import type { Keyring } from '../crypto.js';

/** Longer ones are none of ours. */
const LONGEST = 1_000;

/**
 * A credential that the server seals: it says what it opens and until when, and nothing of it is kept. What ends it sooner
 * is asked where it leads.
 */
export class SealedToken<T extends object> {
  constructor(
    readonly keyring: Keyring,
    /** Where it is used: one of another use is none here. */
    readonly purpose: string,
    /** How it begins, for people and for programs that look for secrets. */
    readonly mark: string,
  ) {}

  make(content: T, until: Date): string {
    const bytes = Buffer.from(JSON.stringify({ ...content, until: until.getTime() }));
    return this.mark + this.keyring.seal(this.purpose, '', bytes);
  }

  /** Whether it is meant as one. */
  isOne(token: string): boolean {
    return token.startsWith(this.mark);
  }

  /** What it says, and until when; null when it was not sealed here. Whether it is over is for the caller to see. */
  read(token: string): { content: T; until: Date } | null {
    if (!this.isOne(token) || token.length > LONGEST) return null;
    const bytes = this.keyring.open(this.purpose, '', token.slice(this.mark.length));
    if (!bytes) return null;
    const { until, ...content } = JSON.parse(bytes.toString()) as T & { until: number };
    return { content: content as unknown as T, until: new Date(until) };
  }
}
