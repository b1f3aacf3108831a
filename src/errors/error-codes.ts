interface Entry {
  /** Of the answer over HTTP when the request is refused as a whole. */
  status: number;
  meaning: string;
  /** What a client does, and whether it tries again. */
  remedy: string;
}

/** Every `extensions.code`; clients may switch on them, so a code never changes its meaning. */
export const ERROR_CODES = {
  UNAUTHENTICATED: {
    status: 401,
    meaning: 'There is no credential, or not a good one.',
    remedy: 'Sign in, or get a fresh token, and ask again; with the same credential it is refused again.',
  },
  FORBIDDEN: {
    status: 403,
    meaning: 'You may see this, but not do it.',
    remedy: 'Not again before somebody has given you the right.',
  },
  NOT_FOUND: {
    status: 404,
    meaning: 'It does not exist, or you may not know that it does.',
    remedy: 'Take it off the screen; not again.',
  },
  BAD_USER_INPUT: {
    status: 400,
    meaning: 'An argument or a variable is not possible.',
    remedy: 'Mend what is asked; not again as it is.',
  },
  BAD_REQUEST: {
    status: 400,
    meaning: 'The request is not one, or asks for more than one may; with status 405, its method is not for this.',
    remedy: 'Mend the client, or ask for less; not again as it is.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    meaning: 'The document is no GraphQL, or has too many tokens.',
    remedy: 'Mend the client; not again as it is.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    meaning: 'The document does not fit the schema.',
    remedy: 'Mend the client, or load its newest version; not again as it is.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    meaning: 'It is not said which operation of the document is meant.',
    remedy: 'Mend the client; not again as it is.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    meaning: 'A document is asked for by its hash, and not known here.',
    remedy: 'Again at once, with the document beside its hash, as clients with automatic persisted queries do.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    meaning: 'The body is larger than it may be.',
    remedy: 'Send less; not again as it is.',
  },
  LIMIT_EXCEEDED: {
    status: 429,
    meaning: 'Too much is asked for: connections or operations at one time, or points in a window of time.',
    remedy: 'Again after the seconds of `Retry-After`, or when one of them has ended.',
  },
  UNAVAILABLE: {
    status: 503,
    meaning: 'Something that is needed does not answer.',
    remedy: 'Again after a pause, a longer one each time.',
  },
  NOT_YET_VISIBLE: {
    status: 503,
    meaning: 'What a query asks to see has not come to this database yet.',
    remedy: 'Again at once, or without `minCursor`.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    meaning: 'A fault of ours; `extensions.traceId` is found in our log.',
    remedy:
      'A query once more after a pause, a mutation only after a look at what is there; tell the operator the trace id.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERROR_CODES;
