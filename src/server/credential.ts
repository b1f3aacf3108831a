import type { Credential } from '../auth/knocking.js';

/**
 * The credential in a payload of the protocol: as `docs/protocol.md` says, or named as the HTTP headers are, because
 * tools that know headers only send those.
 */
export function credentialOf(payload: Record<string, unknown>): Credential {
  const given = new Map(Object.entries(payload).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string) => {
    const value = given.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const follow = text('follow');
  return {
    authorization: follow ? `Follow ${follow}` : text('authorization'),
    companyId: text('companyid') ?? text('x-company-id'),
  };
}
