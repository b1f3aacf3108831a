import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';
import type { ErrorCode } from '../errors/error-codes.js';
import type { Answer } from '../resolvers/answers.js';

/** Below this, what is saved is not worth the work. */
const COMPRESS_FROM_BYTES = 1_024;
const KNOWN_HEADERS = 1_000;

type Encoding = 'br' | 'gzip';
const ENCODINGS: Encoding[] = ['br', 'gzip'];
const compress: Record<Encoding, (bytes: Buffer) => Promise<Buffer>> = {
  // The middle of its range would take ten times as long for a tenth less.
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: promisify(gzip),
};

const JSON_TYPE = 'application/json';
const RESPONSE_TYPE = 'application/graphql-response+json';
/** As Apollo Server writes them: who accepts one with the parameter accepts it with nothing else. */
const TYPES = [JSON_TYPE, RESPONSE_TYPE].map((type) => `${type}; charset=utf-8`);

/** Whoever asks with another of these is given another answer. */
const VARY = 'accept, accept-encoding, authorization, cookie, origin, x-company-id';

const encoder = new TextEncoder();
const SCRATCH_BYTES = 65_536;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
/** A character of UTF-16 takes three bytes at most. */
const MOST_BYTES = 3;

/** The bytes of a text, one character for each: Node writes head and body at once then. */
export function bytesOf(text: string): string {
  const place = text.length * MOST_BYTES <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(text.length * MOST_BYTES);
  const { written } = encoder.encodeInto(text, place);
  return written === text.length ? text : place.toString('latin1', 0, written);
}

/** Sends an answer: compressed for who can read that; by GET with a tag, which saves sending it again. */
export async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  answer: Answer,
): Promise<void> {
  const headers: Record<string, string | number> = { ...answer.headers, vary: VARY, 'cache-control': 'no-store' };
  if (request.method === 'GET' && status === 200) {
    headers.etag = tagOf(answer.body);
    headers['cache-control'] = 'private, no-cache';
    if (isKnown(request.headers['if-none-match'], headers.etag)) {
      response.writeHead(304, { etag: headers.etag, vary: VARY, 'cache-control': 'private, no-cache' }).end();
      return;
    }
  }
  const encoding = answer.body.length < COMPRESS_FROM_BYTES ? null : encodingFor(request.headers['accept-encoding']);
  const body = encoding ? await encoded(answer, encoding) : answer.body;
  if (encoding) headers['content-encoding'] = encoding;
  headers['content-length'] = body.length;
  response.writeHead(status, headers).end(body, 'latin1');
}

async function encoded(answer: Answer, encoding: Encoding): Promise<string> {
  const known = answer.encoded.get(encoding);
  if (known !== undefined) return known;
  const made = (await compress[encoding](Buffer.from(answer.body, 'latin1'))).toString('latin1');
  answer.encoded.set(encoding, made);
  return made;
}

const tagOf = (body: string): string => `W/"${createHash('sha1').update(body, 'latin1').digest('base64url')}"`;

const opaqueOf = (tag: string): string => tag.trim().replace(/^W\//, '');

/** Whether somebody has what has this tag, in which there is no comma; tags are compared weakly (RFC 9110, section 8.8.3.2). */
const isKnown = (known: string | undefined, tag: string): boolean =>
  known?.trim() === '*' || (known?.split(',').some((each) => opaqueOf(each) === opaqueOf(tag)) ?? false);

/** What is chosen by a header; clients send the same few again and again. */
function remembered<V extends string>(choose: (header: string) => V): (header: string) => V {
  const known = new LRUCache<string, V>({ max: KNOWN_HEADERS });
  return (header) => {
    let choice = known.get(header);
    if (choice === undefined) {
      choice = choose(header);
      known.set(header, choice);
    }
    return choice;
  };
}

/** The best that a client reads, of those that we write. */
const encodingOf = remembered<Encoding | 'identity'>((header) => {
  const [best] = new Negotiator({ headers: { 'accept-encoding': header } }).encodings([...ENCODINGS, 'identity']);
  return ENCODINGS.find((encoding) => encoding === best) ?? 'identity';
});

function encodingFor(header: string | string[] | undefined): Encoding | null {
  const best = header === undefined ? 'identity' : encodingOf(String(header));
  return best === 'identity' ? null : best;
}

const typeIn = remembered((accept) => new Negotiator({ headers: { accept } }).mediaType(TYPES) ?? '');

/** The type of an answer: JSON, or that of GraphQL over HTTP for who asks for it; null for who accepts neither. */
export const acceptedType = (accept: string | undefined): string | null => typeIn(accept || '*/*') || null;

/** The same; who accepts neither is told so in JSON, or whatever else is wrong. */
export const typeFor = (accept: string | undefined): string => acceptedType(accept) ?? typeIn('*/*');

/** Whether somebody asks for plain JSON by its name: then GraphQL over HTTP wants 200 for what is a request at all. */
const wantsPlainJson = (accept = ''): boolean => accept.includes(JSON_TYPE) && !accept.includes(RESPONSE_TYPE);

/** What GraphQL itself says of a request, as far as it is one. */
const SAID_BY_GRAPHQL: ReadonlySet<unknown> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/** GraphQL over HTTP, 6.4.1: as plain JSON the status tells of the transport only. */
export function statusOf(status: number, body: string, accept: string | undefined): number {
  if (status !== 400 || !wantsPlainJson(accept)) return status;
  const { errors = [] } = JSON.parse(body) as { errors?: { extensions?: { code?: string } }[] };
  return errors.every(({ extensions }) => SAID_BY_GRAPHQL.has(extensions?.code)) ? 200 : 400;
}
