import { randomBytes } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { Handle } from './router.js';

const FIRST_QUERY = `# Headers: { "Authorization": "Bearer …", "X-Company-Id": "company_…" } – tokens are in demo.json.
query {
  companies {
    role
    company { id name }
  }
}
`;

/** The GraphiQL of this server alone: its script and style are in the page, so that no other host is asked. */
export function createGraphiql(): Handle {
  const page = renderGraphiQL({ endpoint: '/graphql', subscriptionsProtocol: 'WS', title: 'aliteo-server', defaultQuery: FIRST_QUERY } as never);
  return (_request, response) => {
    const nonce = randomBytes(16).toString('base64');
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; script-src 'self' 'nonce-${nonce}' 'unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'`,
      })
      .end(page.replaceAll('<script', `<script nonce="${nonce}"`));
  };
}
