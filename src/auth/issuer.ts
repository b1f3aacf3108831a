import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { unavailable } from '../errors.js';
import type { TrustedIssuer } from '../trusted-issuers.js';

/** What an issuer says of itself, as far as we need it. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly authorization_response_iss_parameter_supported?: boolean;
}

const PATIENCE_MS = 5_000;
/** After so long what an issuer has said is asked for again; while it does not answer, we go on with it for a day. */
const FRESH_MS = 3_600_000;
const KEYS_FRESH_MS = 600_000;
const KEPT_MS = 86_400_000;
/** An issuer that has just failed is left alone, whoever shows tokens of it. */
const PAUSE_MS = 1_000;
/** A key that is not known is asked for, once in so long: else whoever makes up a `kid` would make us ask every time. */
const UNKNOWN_KEY_MS = 10_000;

/** What is fetched now and then, from somebody who may be away. */
class Fetched<T> {
  /** Whether the last attempt failed, so that what is here is old. */
  isStale = false;
  #known: { value: T; at: number } | undefined;
  #failed: { error: unknown; at: number } | undefined;
  #underway: Promise<T> | undefined;

  constructor(
    readonly freshMs: number,
    readonly fetch: typeof globalThis.fetch,
    /** Throws for what is not what was asked for. */
    readonly read: (told: unknown) => T,
  ) {}

  /** Fetches anew what is no longer fresh. Throws when it cannot, and what was there before is too old as well. */
  async get(url: string): Promise<T> {
    if (this.#known && Date.now() - this.#known.at < this.freshMs) return this.#known.value;
    this.#underway ??= this.#fetch(url).finally(() => {
      this.#underway = undefined;
    });
    return this.#underway;
  }

  async #fetch(url: string): Promise<T> {
    const failed = this.#failed;
    if (failed && Date.now() - failed.at < PAUSE_MS) return this.#keptOr(failed.error);
    try {
      const response = await this.fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'error' });
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
      const value = this.read(await response.json());
      this.#known = { value, at: Date.now() };
      this.#failed = undefined;
      this.isStale = false;
      return value;
    } catch (error) {
      this.#failed = { error, at: Date.now() };
      this.isStale = true;
      return this.#keptOr(error);
    }
  }

  #keptOr(error: unknown): T {
    if (this.#known && Date.now() - this.#known.at < KEPT_MS) return this.#known.value;
    throw error;
  }
}

/** One trusted issuer: where its endpoints are and what it signs with, kept for a bounded time. */
export class Issuer {
  readonly #metadata: Fetched<IssuerMetadata>;
  // Whether keys are fresh is for `jose` to say.
  readonly #keySet: Fetched<object>;
  #keys: { url: string; find: JWTVerifyGetKey } | undefined;

  constructor(
    readonly trusted: TrustedIssuer,
    /** How it is asked: a customer's issuer otherwise than the operator's. */
    readonly fetch: typeof globalThis.fetch = globalThis.fetch,
  ) {
    this.#keySet = new Fetched(0, fetch, keySetIn);
    this.#metadata = new Fetched(FRESH_MS, fetch, (told) => metadataIn(told, trusted.issuer));
  }

  /** Throws UNAVAILABLE when it does not answer, or answers as somebody else. */
  async metadata(): Promise<IssuerMetadata> {
    const { issuer, metadata } = this.trusted;
    const url = metadata ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    return this.#metadata.get(url).catch((error) => {
      throw notAnswering(error);
    });
  }

  /** Finds the key of a signature. Throws what `jose` has to say of the token, or UNAVAILABLE when the issuer does not answer. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    const { jwks_uri: url } = await this.metadata();
    if (this.#keys?.url !== url) this.#keys = { url, find: this.#finderAt(url) };
    try {
      return await this.#keys.find(header, token);
    } catch (error) {
      // Of a key that is not known we cannot say that there is none while we cannot ask.
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      throw (isUnknown && !this.#keySet.isStale) || isOfToken(error) ? error : notAnswering(error);
    }
  };

  #finderAt(url: string): JWTVerifyGetKey {
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: PATIENCE_MS,
      cacheMaxAge: KEYS_FRESH_MS,
      cooldownDuration: UNKNOWN_KEY_MS,
      [customFetch]: async (from) => Response.json(await this.#keySet.get(from)),
    });
  }
}

function metadataIn(told: unknown, issuer: string): IssuerMetadata {
  const metadata = told as IssuerMetadata | null;
  if (metadata?.issuer !== issuer) throw new Error(`The metadata are not those of ${issuer}.`);
  const { authorization_endpoint, token_endpoint, end_session_endpoint } = metadata;
  const places = [metadata.jwks_uri, ...[authorization_endpoint, token_endpoint, end_session_endpoint].filter(isGiven)];
  if (!places.every(isPlace)) throw new Error(`The metadata of ${issuer} lead nowhere.`);
  const { scopes_supported, token_endpoint_auth_methods_supported } = metadata;
  if (![scopes_supported, token_endpoint_auth_methods_supported].filter(isGiven).every(Array.isArray))
    throw new Error(`The metadata of ${issuer} are not in their form.`);
  return metadata;
}

const isGiven = (value: unknown): boolean => value != null;
const isPlace = (url: unknown): boolean => /^https?:$/.test(URL.parse(String(url))?.protocol ?? '');

function keySetIn(told: unknown): object {
  if (!Array.isArray((told as { keys?: unknown } | null)?.keys)) throw new Error('This is no set of keys.');
  return told as object;
}

/** What is wrong with the token itself: it names no key alone, or asks for what nobody signs with. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported;

const notAnswering = (cause: unknown) =>
  unavailable('ISSUER_UNAVAILABLE', 'The issuer of the token does not answer.', cause);
