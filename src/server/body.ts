import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from '../errors.js';
import { hasMoreValues, isDeeperThan } from '../schema/json-size.js';
import { MAX_DEPTH, MAX_VALUES } from './limits.js';

/** Reads a body. Throws PAYLOAD_TOO_LARGE as soon as the limit is passed. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const refuse = () => reject(new ApiError('BODY_LIMIT', `The body is larger than ${limitBytes} bytes.`));
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= limitBytes) return;
    request.off('data', take).pause();
    refuse();
  };
  request.on('error', reject);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) refuse();
  else {
    request.on('data', take);
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  }
  return promise;
}

/** Reads a body as JSON. Throws BAD_REQUEST for what is no JSON of ours. */
export function parseJson(bytes: Buffer): unknown {
  if (hasMoreValues(MAX_VALUES, bytes)) throw badRequest('JSON_TOO_LARGE', 'The body has too many values in it.');
  const body = parse(bytes);
  if (isDeeperThan(MAX_DEPTH, body)) throw badRequest('JSON_TOO_DEEP', 'The body is nested too deep.');
  return body;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw badRequest('JSON_MALFORMED', 'The body is not JSON.');
  }
}
