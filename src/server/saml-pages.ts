import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { generateServiceProviderMetadata } from '@node-saml/node-saml';
import { PAGE_HEADERS } from './strict-headers.js';

/**
 * A page that sends an answer once more, from a page of ours: a provider's own form comes from its site, and browsers send no
 * cookie along with that. Only what has the shape of the two fields is put into it.
 */
export function sendAgain(response: ServerResponse, path: string, samlResponse: string, relayState: string): void {
  const nonce = randomBytes(16).toString('base64');
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
  response.writeHead(200, { ...PAGE_HEADERS, 'content-security-policy': policy }).end(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>Signing in</title>
<form method="post" action="${path}">
<input type="hidden" name="SAMLResponse" value="${samlResponse}">
<input type="hidden" name="RelayState" value="${relayState}">
<input type="hidden" name="again" value="1">
<noscript><button>Go on</button></noscript>
</form>
<script nonce="${nonce}">document.forms[0].submit()</script>
</html>
`);
}

/** What a provider is told of us. */
export const samlMetadata = (entityId: string, callbackUrl: string): string =>
  generateServiceProviderMetadata({ issuer: entityId, callbackUrl, wantAssertionsSigned: true });
