/** Where Redis is: one server, or some members of a cluster, which name the others. */
export interface RedisAddress {
  isCluster: boolean;
  servers: readonly { host: string; port: number }[];
  username: string | undefined;
  password: string | undefined;
  /** The database of a single server; a cluster has only 0. */
  database: number;
  tls: boolean;
}

const FORM = /^(rediss?)(\+cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:[?#].*)?$/;

/**
 * Reads `redis://host:6379/0` (one server) or `redis+cluster://a:6379,b:6379` (a cluster); `rediss` is TLS.
 * Throws an Error that says what is wrong and quotes nothing: it could be a part of the password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const form = FORM.exec(url);
  if (!form) throw new Error('must look like redis://host:6379 or redis+cluster://host:6379,host:6379');
  const [, scheme, cluster, credentials = '', hosts = '', path = ''] = form;
  if (/[?#]/.test(url)) throw new Error('takes no options after "?" or "#"; write these in a password as %3F and %23');
  const servers = hosts.split(',').map((text, index) => serverOf(text, index + 1));
  if (!cluster && servers.length > 1) throw new Error(`several servers are a cluster: ${scheme}+cluster://…`);
  if (cluster && path !== '' && path !== '0') throw new Error('a cluster has no databases, so no path after the hosts');
  if (!/^\d*$/.test(path)) throw new Error('what follows the host is not the number of a database');
  const colon = credentials.indexOf(':');
  const [username, password] =
    colon < 0 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  return {
    isCluster: cluster !== undefined,
    servers,
    username: decoded(username) || undefined,
    password: decoded(password) || undefined,
    database: Number(path),
    tls: scheme === 'rediss',
  };
}

function serverOf(text: string, place: number): { host: string; port: number } {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(text.trim());
  const port = Number(match?.[2] ?? 6379);
  if (!match?.[1] || port < 1 || port > 65_535) throw new Error(`server ${place} is not host:port`);
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('its user or password has a "%" that encodes nothing; write it as %25');
  }
}
