import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A cookie that only this server reads. Over https it is bound to the very host by the prefix of its name, so that no
 * sibling domain can plant one (RFC 6265bis, section 4.1.3.2); plain http is for development.
 */
export class Cookie {
  readonly name: string;
  readonly #attributes: string;

  constructor(name: string, publicUrl: string) {
    const isSecure = publicUrl.startsWith('https://');
    this.name = isSecure ? `__Host-${name}` : name;
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** Its value, or none; of two with its name neither is believed. */
  read({ headers }: IncomingMessage): string | undefined {
    const values = (headers.cookie ?? '').split(';').flatMap((pair) => {
      const at = pair.indexOf('=');
      return pair.slice(0, at).trim() === this.name ? [pair.slice(at + 1).trim()] : [];
    });
    return values.length === 1 && values[0] ? values[0] : undefined;
  }

  write(response: ServerResponse, value: string, ms: number): void {
    const age = Math.ceil(ms / 1_000);
    response.appendHeader('set-cookie', `${this.name}=${value}; Max-Age=${age}; ${this.#attributes}`);
  }

  clear(response: ServerResponse): void {
    this.write(response, '', 0);
  }
}
