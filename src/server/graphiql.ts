import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { Handle } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

const FIRST_QUERY = `# Sign in at /auth/login?return=/graphiql, or by a header: { "Authorization": "Bearer …" } – tokens are in demo.json.
# With several companies: { "X-Company-Id": "company_…" }.
query {
  companies {
    role
    company { id name }
  }
}
`;

/** Lets the page run what is written in it, and reach this server alone: no other host is ever asked. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; " +
  "img-src data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** GraphiQL with its scripts and styles in the page. */
export function createGraphiql(): Handle {
  const page = renderGraphiQL({
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS',
    title: 'aliteo-server',
    defaultQuery: FIRST_QUERY,
  } as never);
  return (_request, response) => {
    response.writeHead(200, { ...PAGE_HEADERS, 'content-security-policy': POLICY }).end(page);
  };
}
