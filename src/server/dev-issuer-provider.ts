import Provider, { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { type DemoPerson, logoutPage, messagePage, type Page } from './dev-issuer-pages.js';
import { type IssuerSecrets, memoryAdapter, SIGNING_ALGORITHM } from './dev-issuer-store.js';

export const AUDIENCE = 'urn:aliteo:api';
export const CLIENT_ID = 'aliteo-dev';
const HOUR = 3600;
const FORTNIGHT = 14 * 24 * HOUR;
const TTL = {
  AccessToken: HOUR,
  AuthorizationCode: 60,
  Grant: FORTNIGHT,
  IdToken: HOUR,
  Interaction: HOUR,
  RefreshToken: FORTNIGHT,
  Session: FORTNIGHT,
};
const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

export type People = () => Promise<readonly DemoPerson[]>;

/** The protocol's own part, set up for one first-party client and quiet about it. */
export function createProvider(
  issuer: string,
  redirectUris: readonly string[],
  secrets: IssuerSecrets,
  people: People,
) {
  const provider = new Provider(issuer, configuration(issuer, redirectUris, secrets, people));
  provider.proxy = true;
  allowLoopback(provider);
  return provider;
}

/** What the API and the client learn of a person, besides the subject. */
export const personClaims = ({ name, email }: DemoPerson) => ({ name, email, email_verified: true });

function configuration(
  issuer: string,
  redirectUris: readonly string[],
  secrets: IssuerSecrets,
  people: People,
): Configuration {
  const find = async (subject: string) => (await people()).find((person) => person.subject === subject);
  const origins = new Set([issuer, ...redirectUris].map((uri) => new URL(uri).origin));

  return {
    adapter: memoryAdapter(),
    jwks: { keys: [secrets.signingKey] },
    cookies: { keys: secrets.cookieKeys },
    clients: [client(issuer, redirectUris)],
    clientAuthMethods: ['none'],
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: (_context, origin) => origins.has(origin) || isLoopback(origin),
    responseTypes: ['code'],
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    ttl: TTL,
    interactions: { policy: policy(), url: (_context, interaction) => `${issuer}/interaction/${interaction.uid}` },
    features: features(),
    loadExistingGrant: grantEverything,
    renderError: (context, { error, error_description }) =>
      render(context, messagePage('This did not work', `${error}: ${error_description ?? 'no further details'}`)),
    async findAccount(_context, subject) {
      const person = await find(subject);
      return person && { accountId: subject, claims: () => ({ sub: subject, ...personClaims(person) }) };
    },
    // The API provisions a user from these, so they travel in the access token too.
    async extraTokenClaims(_context, token) {
      const person = 'accountId' in token ? await find(token.accountId) : undefined;
      return person && personClaims(person);
    },
  };
}

/** The usual prompts, and one by which a client lets a signed-in developer change persons. */
function policy() {
  const prompts = interactionPolicy.base();
  prompts.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  return prompts;
}

/** Only what the code flow of one public client needs. Every access token is a JWT for the API. */
function features(): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    // It takes no token that has an audience, and ours all have; the ID token carries the claims instead.
    userinfo: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      getResourceServerInfo(_context, resource) {
        if (resource !== AUDIENCE) throw new errors.InvalidTarget();
        return { scope: '', audience: AUDIENCE, accessTokenFormat: 'jwt', jwt: { sign: { alg: SIGNING_ALGORITHM } } };
      },
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context, form) =>
        render(context, logoutPage(form, context.oidc.params?.post_logout_redirect_uri as string | undefined)),
      postLogoutSuccessSource: (context) => render(context, messagePage('Signed out', 'You may close this page.')),
    },
  };
}

function client(issuer: string, redirectUris: readonly string[]) {
  return {
    client_id: CLIENT_ID,
    client_name: 'Aliteo in development',
    token_endpoint_auth_method: 'none' as const,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    redirect_uris: [...redirectUris, 'http://127.0.0.1/'],
    post_logout_redirect_uris: [...redirectUris, `${new URL(issuer).origin}/`],
  };
}

/** A native client could take any port, but only on known paths; developers move both. */
function allowLoopback({ Client }: Provider): void {
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = Client.prototype;
  Client.prototype.redirectUriAllowed = function (uri) {
    return isLoopback(uri) || redirectUriAllowed.call(this, uri);
  };
  Client.prototype.postLogoutRedirectUriAllowed = function (uri) {
    return isLoopback(uri) || postLogoutRedirectUriAllowed.call(this, uri);
  };
}

function isLoopback(uri: string): boolean {
  const url = URL.parse(uri);
  return (
    url?.protocol === 'http:' &&
    LOOPBACK_HOSTS.has(url.hostname) &&
    !url.username &&
    !url.password &&
    !uri.includes('#')
  );
}

/** The client is our own, so nobody is asked for consent. */
async function grantEverything({ oidc }: KoaContextWithOIDC) {
  const { session, client, account, provider } = oidc;
  if (!client || !account) return undefined;
  const { clientId } = client;
  const known = session?.grantIdFor(clientId);
  const grant =
    (known && (await provider.Grant.find(known))) || new provider.Grant({ clientId, accountId: account.accountId });
  grant.addOIDCScope(oidc.requestParamOIDCScopes);
  await grant.save();
  return grant;
}

function render(context: KoaContextWithOIDC, { headers, html }: Page): void {
  context.set(headers);
  context.body = html;
}
