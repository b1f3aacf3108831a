import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from '../errors.js';
import { isDeeperThan } from '../schema/depth.js';
import { MAX_DEPTH } from './limits.js';

/** Reads a JSON body. Throws PAYLOAD_TOO_LARGE as soon as the limit is passed, BAD_REQUEST for what is no JSON of ours. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const tooLarge = () =>
    new ApiError('PAYLOAD_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`, 'BODY_LIMIT');
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const body = parse(Buffer.concat(chunks));
  if (isDeeperThan(MAX_DEPTH, body)) throw badRequest('JSON_TOO_DEEP', 'The body is nested too deep.');
  return body;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badRequest('JSON_MALFORMED', 'The body is not JSON.');
  }
}
