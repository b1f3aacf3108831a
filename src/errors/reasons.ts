import type { ErrorCode } from './error-codes.js';

interface Entry {
  code: ErrorCode;
  meaning: string;
}

/** Every `extensions.reason`, under the code that it makes finer. */
export const REASONS = {
  NO_CREDENTIAL: { code: 'UNAUTHENTICATED', meaning: 'Nothing was shown that says who asks.' },
  KEY_INVALID: {
    code: 'UNAUTHENTICATED',
    meaning: 'The API key is not good here, or not any more, or not from this address.',
  },
  SUPPORT_ENDED: {
    code: 'UNAUTHENTICATED',
    meaning: "The company's leave for support is over, or the support token is, or it never was one.",
  },
  SCHEME_UNKNOWN: { code: 'UNAUTHENTICATED', meaning: '`Authorization` is neither `Bearer …` nor `Follow …`.' },
  TOKEN_INVALID: {
    code: 'UNAUTHENTICATED',
    meaning: 'The token is not good here: its issuer, signature, audience or time.',
  },
  TOKEN_EXPIRED: { code: 'UNAUTHENTICATED', meaning: 'The token was good, and its time is over: get a fresh one.' },
  EMAIL_NOT_VERIFIED: { code: 'UNAUTHENTICATED', meaning: 'The issuer has not verified an address of this person.' },
  EMAIL_TAKEN: { code: 'UNAUTHENTICATED', meaning: 'The address belongs to somebody who signs in in another way.' },
  NOT_IN_DIRECTORY: {
    code: 'UNAUTHENTICATED',
    meaning:
      "The company's own issuer has let you in, and the company has no such member: an administrator adds people.",
  },
  FOLLOW_INVALID: {
    code: 'UNAUTHENTICATED',
    meaning:
      'The follow link does not lead anywhere, or not any more; or it asks for a password, or for another one; or no more followers may come in by it.',
  },
  ACCESS_ENDED: {
    code: 'UNAUTHENTICATED',
    meaning: 'Who was let in is not any more: deactivated, or the follow or the key revoked.',
  },
  SESSION_ENDED: {
    code: 'UNAUTHENTICATED',
    meaning:
      "The browser's session is over: signed out, ended from elsewhere, or not used for too long. Sign in again.",
  },
  ANOTHER_VIEWER: {
    code: 'UNAUTHENTICATED',
    meaning: 'The fresh token is not of whom the socket belongs to: connect anew.',
  },

  COMPANY_REQUIRED: { code: 'FORBIDDEN', meaning: 'The request names no company, and you are in several, or in none.' },
  ENTRY_NOT_ALLOWED: { code: 'FORBIDDEN', meaning: 'This is not open to the way by which you came in.' },
  SSO_REQUIRED: {
    code: 'FORBIDDEN',
    meaning:
      "This company wants you to come in by its own sign-in: lead to `/auth/login?sso=COMPANY`, and nobody else's.",
  },
  FOUNDING_CLOSED: { code: 'FORBIDDEN', meaning: 'Here the operator founds companies, and nobody else.' },
  MAIL_NOT_SET_UP: { code: 'FORBIDDEN', meaning: 'The operator has set up no mail, so no letters can be sent.' },
  ROLE_REQUIRED: { code: 'FORBIDDEN', meaning: 'This asks for a higher role in the company.' },
  SCOPE_REQUIRED: { code: 'FORBIDDEN', meaning: 'This asks for a scope that the API key does not have.' },
  CLOSED_TO_KEYS: { code: 'FORBIDDEN', meaning: 'This is not open to API keys, whatever their scopes.' },
  SHARE_REQUIRED: {
    code: 'FORBIDDEN',
    meaning: 'This asks for an administrator, or for the right to share that one gives.',
  },
  LEVEL_REQUIRED: { code: 'FORBIDDEN', meaning: 'This asks for a higher permission on the object.' },
  RIGHTS_CHANGED: { code: 'FORBIDDEN', meaning: 'Your rights have changed while it was done: ask again at once.' },
  INTERNAL_ONLY: { code: 'FORBIDDEN', meaning: 'This is for internal members.' },
  DOCUMENT_NOT_TRUSTED: { code: 'FORBIDDEN', meaning: 'The document is not one of those that may be run here.' },
  CROSS_SITE: {
    code: 'FORBIDDEN',
    meaning: 'The request comes with a cookie and not from a page of ours, or not as `application/json`.',
  },
  NOT_PUBLIC: { code: 'FORBIDDEN', meaning: 'The field is not part of what a follower may see.' },

  NOT_VISIBLE_OR_ABSENT: {
    code: 'NOT_FOUND',
    meaning: 'Absent and hidden are one answer, so that nobody learns what exists.',
  },

  ARGUMENT_INVALID: {
    code: 'BAD_USER_INPUT',
    meaning: 'A field of the input is not as its type asks; the message says which.',
  },
  CURSOR: { code: 'BAD_USER_INPUT', meaning: "The stream's cursor is too long to be one of ours." },
  FILTER_TOO_LARGE: { code: 'BAD_USER_INPUT', meaning: 'The filter has too many conditions.' },
  IDEMPOTENCY_KEY: {
    code: 'BAD_USER_INPUT',
    meaning: 'An Idempotency-Key is 1 to 255 visible ASCII characters, the same in the header and the extensions.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    code: 'BAD_USER_INPUT',
    meaning: 'The Idempotency-Key came with another request before: use a new one.',
  },
  INVITATION_NAMING: {
    code: 'BAD_USER_INPUT',
    meaning: 'An invitation is named by its id or by the secret of its letter.',
  },
  NUMBER_OF_ADDRESSES: { code: 'BAD_USER_INPUT', meaning: 'Too many addresses are invited at once, or none.' },
  NUMBER_OF_IDS: { code: 'BAD_USER_INPUT', meaning: 'Too many objects are asked for by their ids at once.' },
  NUMBER_OF_TASKS: { code: 'BAD_USER_INPUT', meaning: 'Too many tasks are edited at once, or none.' },
  PAGE_CURSOR: { code: 'BAD_USER_INPUT', meaning: '`after` goes with `first`, `before` with `last`.' },
  PAGE_SIZE: { code: 'BAD_USER_INPUT', meaning: 'A page is asked for by `first` or by `last`, from 1 to 100.' },
  TASK_TWICE: { code: 'BAD_USER_INPUT', meaning: 'One task is named twice in one call.' },
  TEXT_MALFORMED: { code: 'BAD_USER_INPUT', meaning: 'A text has a NUL character, or half of a character.' },
  TEXT_TOO_LONG: { code: 'BAD_USER_INPUT', meaning: 'What a text is to contain is longer than any such text.' },
  TIME_OUT_OF_RANGE: { code: 'BAD_USER_INPUT', meaning: 'A point in time lies outside of the years 1 to 9999.' },

  DOCUMENT_TOO_LARGE: {
    code: 'BAD_REQUEST',
    meaning: 'The document passes one of the limits; the message says which.',
  },
  DOOR_QUESTION: { code: 'BAD_REQUEST', meaning: 'What is sent to `/follow/token` is neither a link nor a renewal.' },
  JSON_MALFORMED: { code: 'BAD_REQUEST', meaning: 'The body is not JSON in UTF-8.' },
  JSON_TOO_LARGE: {
    code: 'BAD_REQUEST',
    meaning: 'The body has more than 2,500 items of lists and fields of objects.',
  },
  JSON_TOO_DEEP: { code: 'BAD_REQUEST', meaning: 'The body is nested in more than 128 levels.' },
  EXTENSIONS: { code: 'BAD_REQUEST', meaning: 'The extensions of a request are a JSON object.' },
  PERSISTED_QUERY_HASH: { code: 'BAD_REQUEST', meaning: 'The hash beside a document is that of another one.' },
  QUERY_MISSING: { code: 'BAD_REQUEST', meaning: 'The body is no JSON object with a `query`.' },
  SUBSCRIPTION_NEEDS_STREAM: {
    code: 'BAD_REQUEST',
    meaning: 'A subscription asks for a WebSocket or an event stream.',
  },
  TOO_COSTLY: { code: 'BAD_REQUEST', meaning: 'The operation costs more than one may: ask for smaller pages.' },
  VARIABLES: { code: 'BAD_REQUEST', meaning: 'The variables are no JSON object.' },

  BODY_LIMIT: {
    code: 'PAYLOAD_TOO_LARGE',
    meaning: 'The body passes the limit, which is a lower one without a good credential.',
  },

  CONNECTIONS_PER_ADDRESS: {
    code: 'LIMIT_EXCEEDED',
    meaning: 'Too many connections come from one address, or too fast.',
  },
  CONNECTIONS_PER_VIEWER: { code: 'LIMIT_EXCEEDED', meaning: 'You have too many connections open.' },
  OPERATIONS_PER_SOCKET: { code: 'LIMIT_EXCEEDED', meaning: 'The socket carries too many operations.' },
  RATE_LIMIT: { code: 'LIMIT_EXCEEDED', meaning: 'You have spent the points of this window of time.' },

  MIN_CURSOR: { code: 'NOT_YET_VISIBLE', meaning: 'The log is not at `minCursor` yet, after two seconds of waiting.' },

  DOOR_BUSY: { code: 'UNAVAILABLE', meaning: 'More passwords of follow links are tried than can be looked at.' },
  DATABASE_UNAVAILABLE: { code: 'UNAVAILABLE', meaning: 'The database does not answer.' },
  ISSUER_UNAVAILABLE: { code: 'UNAVAILABLE', meaning: 'The issuer of the token does not answer.' },
  KEYS_UNAVAILABLE: { code: 'UNAVAILABLE', meaning: 'The vault of the keys that protect secrets does not answer.' },
  SESSIONS_UNAVAILABLE: { code: 'UNAVAILABLE', meaning: 'Where browser sessions are kept does not answer.' },
} as const satisfies Record<string, Entry>;

type Reasons = typeof REASONS;

/** The reasons of one code; of all codes unless one is named. */
export type Reason<C extends ErrorCode = ErrorCode> = {
  [R in keyof Reasons]: Reasons[R]['code'] extends C ? R : never;
}[keyof Reasons];
