import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.js';

/** Reads a JSON body. Throws PAYLOAD_TOO_LARGE as soon as the limit is passed, BAD_REQUEST for what is not JSON. */
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
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new ApiError('BAD_REQUEST', 'The body is not JSON.', 'JSON_MALFORMED');
  }
}
