import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { openUnsubscription } from '../auth/unsubscription.js';
import { unsubscribeFollower } from '../domain/follower-invitations.js';
import type { Parts } from '../domain/unit-of-work.js';
import { isDatabaseFault } from '../entities/orm.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { FollowLimits } from './follow-limits.js';
import { STYLE } from './follow-page-style.js';
import { addressOf } from './forwarded.js';
import { RateLimitError, tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Route, sendText } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

export interface UnsubscribeOptions {
  parts: Parts;
  limits: FollowLimits;
  trustedProxies: TrustedProxies;
}

const PATH = '/follow/unsubscribe/';
const DONE = 'You are unsubscribed: no more letters about this go to you.';

/**
 * Where the reader of a letter unsubscribes, without signing in. A GET does nothing but ask, because what looks at letters on
 * their way follows links; a POST does it, from the page's button or from the reader's mail program (RFC 8058, section 3.2).
 */
export class Unsubscribe {
  constructor(readonly options: UnsubscribeOptions) {}

  get routes(): Route[] {
    return [
      {
        path: PATH,
        methods: ['GET', 'HEAD', 'POST'],
        handle: (request, response, url) =>
          request.method === 'POST' ? this.#unsubscribe(request, response, url) : askFor(response),
      },
    ];
  }

  /** Says the same whatever was shown. */
  async #unsubscribe(request: IncomingMessage, response: ServerResponse, { pathname }: URL): Promise<void> {
    const { parts, limits, trustedProxies } = this.options;
    // The form says nothing that the path does not.
    request.resume();
    response.setHeader('cache-control', 'no-store');
    try {
      tellRateLimit(response, await limits.takeOfAddress(addressOf(request, trustedProxies), false));
      const unsubscription = openUnsubscription(parts.keyring, pathname.slice(PATH.length));
      if (unsubscription) await unsubscribeFollower(parts, unsubscription);
    } catch (error) {
      const status = error instanceof RateLimitError ? 429 : isDatabaseFault(error) ? 503 : 500;
      if (status === 500) throw error;
      for (const [name, value] of Object.entries(refusalHeaders(status, error))) response.setHeader(name, value);
      return sendText(response, status, 'That did not work: try again soon.');
    }
    sendText(response, 200, DONE);
  }
}

function askFor(response: ServerResponse): void {
  const nonce = randomBytes(16).toString('base64');
  response
    .writeHead(200, {
      ...PAGE_HEADERS,
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    })
    .end(page(nonce));
}

const page = (nonce: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Unsubscribe</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<form method="post" id="door">
  <p>Do you want no more letters about this? You will not be able to follow it by them any more either.</p>
  <input type="hidden" name="List-Unsubscribe" value="One-Click">
  <button>Unsubscribe</button>
</form>
</html>
`;
