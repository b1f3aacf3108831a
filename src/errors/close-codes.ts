interface Entry {
  code: number;
  /** When a socket is closed with it. */
  meaning: string;
  /** What a client does, and whether it connects again. */
  remedy: string;
}

const mendTheClient = 'Not again: mend the client.';

/** Every code that we close a WebSocket with. Those from 4400 to 4429 are the protocol's. */
export const CLOSE_CODES = {
  TOO_LARGE: { code: 1009, meaning: 'A message is too large.', remedy: mendTheClient },
  INTERNAL: { code: 1011, meaning: 'A fault of ours while connecting.', remedy: 'Connect again later.' },
  RESTART: {
    code: 1012,
    meaning: 'The process restarts.',
    remedy: 'Connect again after a random pause; another process takes over.',
  },
  TRY_LATER: {
    code: 1013,
    meaning: "The database, the token's issuer, or where sessions are kept does not answer.",
    remedy: 'Connect again later.',
  },
  BAD_REQUEST: {
    code: 4400,
    meaning: 'A message is not of the protocol, or nested in more than 128 levels.',
    remedy: mendTheClient,
  },
  UNAUTHORIZED: {
    code: 4401,
    meaning:
      'No credential, a bad one, a session that has ended, or a `subscribe` before `connection_init` was acknowledged.',
    remedy: 'Sign in, then connect; standard clients do not come back by themselves.',
  },
  FORBIDDEN: {
    code: 4403,
    meaning:
      "The way in is closed: not a member of that company, deactivated, the follow was revoked, or the company's own sign-in is a duty (`SSO_REQUIRED`).",
    remedy: 'Not again: ask an administrator.',
  },
  SUBPROTOCOL: {
    code: 4406,
    meaning:
      'No subprotocol was asked for. Who asks for other ones only gets none and ends the handshake without a code of ours, as browsers do (1006).',
    remedy: 'Ask for graphql-transport-ws.',
  },
  NO_INIT: { code: 4408, meaning: 'No `connection_init` came in time.', remedy: 'Connect again.' },
  SUBSCRIBER_EXISTS: { code: 4409, meaning: 'Two operations on one socket have one id.', remedy: mendTheClient },
  EXPIRED: {
    code: 4410,
    meaning: 'The token has expired.',
    remedy: 'Get a fresh one, and connect again with the last cursor.',
  },
  TOO_SLOW: {
    code: 4413,
    meaning: 'It did not read what it was sent.',
    remedy: 'Connect again with the last cursor, or read everything anew.',
  },
  IDLE: {
    code: 4418,
    meaning: 'No operation for five minutes (`SOCKET_IDLE_MS`).',
    remedy: 'Connect again when there is something to ask.',
  },
  TOO_MANY_SOCKETS: {
    code: 4420,
    meaning: 'The same person has too many connections (`MAX_SOCKETS_PER_VIEWER`).',
    remedy: 'Close some, then connect again.',
  },
  TOO_MANY_INITS: { code: 4429, meaning: 'A second `connection_init` came.', remedy: mendTheClient },
} as const satisfies Record<string, Entry>;

type Codes = { [Name in keyof typeof CLOSE_CODES]: (typeof CLOSE_CODES)[Name]['code'] };

/** The codes by their names. */
export const CloseCode = Object.fromEntries(
  Object.entries(CLOSE_CODES).map(([name, { code }]) => [name, code]),
) as Codes;
export type CloseCode = Codes[keyof Codes];
