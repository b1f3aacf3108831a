/**
 * Where the browser comes back to from a company's own issuer: each has a path of its own, so that no issuer is given the
 * answer of another (RFC 9700, section 4.4).
 */
export const callbackPathOf = (companyId: string): string => `/auth/sso/${companyId}/callback`;

/** The same for SAML, and where a provider reads of us; that is our name to it as well. */
export const samlPathsOf = (companyId: string) => ({
  metadata: `/auth/saml/${companyId}/metadata`,
  callback: `/auth/saml/${companyId}/acs`,
});
