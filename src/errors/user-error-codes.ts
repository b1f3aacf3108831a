/** Every `userErrors.code`: what the person at the screen can mend. */
export const USER_ERROR_CODES = {
  // Any input.
  REQUIRED: 'The field cannot be without a value.',
  TOO_LONG: 'The text is longer than it may be.',
  TOO_LARGE: 'The filter of a saved view is too large, or nested too deep.',
  OUT_OF_RANGE: 'The number is not in its range.',
  NOT_SUPPORTED: 'This locale or time zone is not known here.',
  NOT_A_MEMBER: 'The company has no such member, or you do not find them.',
  MEMBER_DEACTIVATED: 'The member is deactivated.',
  EXTERNALS_PUBLIC_ONLY: 'External members write what is public, and nothing else.',
  KEYS_NOT_PRIVATE: 'API keys write what is public or internal, and nothing private.',

  // Tasks and comments.
  VERSION_CONFLICT: 'Somebody else has changed the task since: read it again.',
  DATES_REVERSED: 'A task cannot be due before it starts.',
  SOLVER_NOT_LICENSED: 'An external solver needs a licence, and a project that took them as internal.',
  SOLVER_CANNOT_SEE: 'An external solver sees public tasks only.',
  MEMBER_CANNOT_SEE: 'The external member whom the task would wait for sees public tasks only.',
  NAMED_CANNOT_SEE: 'Owner, solver or the person awaited is external, and would lose sight of the task.',
  PRIVACY: 'A comment is public or internal.',

  // Moves of a task.
  SAME_STATUS: 'The task has this status already.',
  NOT_IN_TABLE: 'No move leads from the one status to the other.',
  RETURNS_TO_BEFORE: 'From here the task goes back to the status that it had before.',
  CLOSING_ON_REQUEST: 'Here the owner decides: request the closure or the cancellation instead.',
  OWNER_DECIDES: 'The owner decides about the request.',
  REOPENING: 'Whoever may close may reopen.',
  NOT_AWAITABLE: 'A task waits for another one that is open.',
  WAITS_IN_A_CIRCLE: 'The awaited task waits, in the end, for this one.',

  // Projects and permissions.
  KEY: "A project's key is 2 to 10 capital letters and digits.",
  KEY_TAKEN: 'Another project has this key.',
  MANAGER_EXTERNAL: 'An external member manages no project.',
  EXTERNAL_LEVEL: 'An external member gets EDIT at most.',
  EXTERNAL_SHARES: 'An external member is not given the right to share.',
  STILL_A_SOLVER: 'The member solves open tasks: give these to somebody else first.',

  // Companies and members.
  TOO_MANY_COMPANIES: 'The person has founded too many companies within a day.',
  ADDRESS: 'This is not an e-mail address.',
  ALREADY_A_MEMBER: 'The person is in the directory already.',
  EXTERNAL_ROLE: 'An external member is neither administrator nor supervisor.',
  LAST_ADMINISTRATOR: 'The last administrator stays one, and cannot be deactivated.',
  MEMBER_ERASED: 'The company was made to forget who this was: invite them anew.',
  STILL_A_MEMBER: 'The member has not been deactivated.',
  STILL_A_MANAGER: 'The member manages projects: give these to somebody else first.',
  STILL_NAMED: 'The member owns, or is awaited in, open tasks that externals do not see.',

  // API keys.
  SCOPES: 'An API key needs a scope, at least one.',
  ADDRESS_RANGE: 'This is neither an address nor a range such as 10.0.0.0/8.',
  EXPIRY_TOO_FAR: 'An API key is good for a year at most.',
  OVERLAP: 'The secret before goes on for seven days at most.',
  TOO_MANY_KEYS: 'The company has too many open API keys.',
  KEY_ENDED: 'The API key has ended: create another one.',

  // Invitations and letters.
  INVITATION_CLOSED: 'The invitation has been answered or taken back.',
  TOO_MANY_LETTERS: 'The company has sent as many letters as it may within a day.',

  // Single sign-on.
  DOMAIN: 'This is not the domain of mail addresses.',
  DOMAIN_CLAIMED: 'The company claims this domain already.',
  DOMAIN_TAKEN: 'Another company has proven this domain.',
  DOMAIN_NOT_PROVEN: 'The DNS record is not there yet: what is new in DNS takes a while.',
  DNS_AWAY: 'The name servers do not answer: try again later.',
  TOO_MANY_DOMAINS: 'The company claims too many domains.',
  ISSUER: 'This is no OpenID Connect issuer that answers as itself at a public https address.',
  SIGN_IN_URL: 'This is no https address to sign in at.',
  CERTIFICATES: 'There are 1 to 4 certificates in PEM, with keys that are long enough.',
  SECRET_UNFIT: 'A client secret is 1 to 1000 visible ASCII characters.',
  PROVIDER_CHANGED: 'Somebody else has changed the issuer at the same moment.',
  NO_PROVIDER: 'The company has no issuer of its own.',
  SSO_NOT_TRIED: "Who makes single sign-on a duty has come in by it: sign in by the company's own issuer first.",

  // Follows.
  NO_COMMENTS: 'Nobody writes comments on this.',
  OBJECT_NOT_PUBLIC: 'Only a public task can be followed without an account.',
  EXPIRY_PAST: 'The expiry lies in the past.',
  PASSWORD_LENGTH: 'The password of a follow has 8 to 128 characters.',
  MAX_FOLLOWERS: 'A follow is for 1 to 1,000,000 followers, or for any number.',
  FOLLOW_OVER: 'The follow was revoked, or its time is over.',
  FOLLOW_FULL: 'By this follow no more may come in.',
  UNSUBSCRIBED: 'The person has unsubscribed, and gets no more letters of this follow.',
  COMMENTS_NOT_OPEN: 'The followers of this link may not write comments, or come in by the door first.',
  TOO_MANY_COMMENTS: 'Too many comments were written within a short time: wait a moment.',
} as const satisfies Record<string, string>;

export type UserErrorCode = keyof typeof USER_ERROR_CODES;
