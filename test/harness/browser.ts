import { type Caller, get } from './client.js';
import type { Node } from './cluster.js';
import type { TestIssuer } from './issuer.js';

export interface BrowserOptions {
  /** Where redirects are followed no further. */
  stopsAt?: string;
  /** What the browser calls itself. */
  userAgent?: string;
  /** The server behind an address that only browsers know. */
  behind?: { publicUrl: string; node: Node };
}

/** Follows redirects and keeps cookies by name, which is all these flows need of a browser. */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** What it was told to keep, as it was told. */
  readonly told: string[] = [];
  /** Where it has been. */
  readonly visited: URL[] = [];

  constructor(readonly options: BrowserOptions = {}) {}

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async open(
    url: string | URL,
    form?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<{ url: URL; response: Response }> {
    const response = await fetch(this.#placeOf(new URL(url)), {
      headers: {
        cookie: this.cookie,
        accept: 'text/html',
        'user-agent': this.options.userAgent ?? 'A browser of the tests',
        ...headers,
      },
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
    });
    this.visited.push(new URL(url));
    this.#keep(response);
    const location = response.headers.get('location');
    if (!location) return { url: new URL(url), response };
    const next = new URL(location, url);
    const { stopsAt } = this.options;
    return stopsAt && next.href.startsWith(stopsAt) ? { url: next, response } : this.open(next);
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      this.told.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
  }

  #placeOf(url: URL): URL {
    const { behind } = this.options;
    if (url.origin !== behind?.publicUrl) return url;
    return new URL(url.pathname + url.search, behind.node.url);
  }
}

/** Where browsers think the server is, whatever process it is. */
export const PUBLIC_URL = 'http://browser.test';

/** A browser in which nobody is signed in. */
export const browserAt = (node: Node, options: BrowserOptions = {}): Browser =>
  new Browser({ behind: { publicUrl: PUBLIC_URL, node }, ...options });

/** Signs a person in, through the issuer and back; the browser ends at a page that is not there. */
export async function signIn(
  node: Node,
  issuer: TestIssuer,
  email: string,
  browser = browserAt(node),
): Promise<Browser> {
  issuer.nextPerson(email);
  await browser.open(`${PUBLIC_URL}/auth/login?return=/after`);
  return browser;
}

/** Who asks from a page of ours in this browser. */
export const callerIn = ({ cookie }: Browser, companyId?: string): Caller => ({
  cookie,
  origin: PUBLIC_URL,
  ...(companyId && { companyId }),
});

/** Whom the browser is signed in as. */
export const emailIn = async (node: Node, browser: Browser): Promise<string> =>
  (await get(node, callerIn(browser), '{ viewer { user { email } } }')).viewer.user.email;
