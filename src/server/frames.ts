import type { Batch } from '../pubsub/subscriber.js';

/** The head of an unmasked, unfragmented text frame (RFC 6455, section 5.2). */
function head(length: number): Buffer {
  if (length < 126) return Buffer.from([0x81, length]);
  if (length < 65_536) return Buffer.from([0x81, 126, length >> 8, length & 255]);
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x81;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** One message as a frame. */
export function frameOf(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([head(body.length), body]);
}

/** Ids that stand in JSON as they are, one byte a character; all that clients generate do. */
const PLAIN_ID = /^[\w-]{1,64}$/;
const BEFORE_ID = '{"id":"';
const AFTER_ID = '","type":"next","payload":';

/** The frames of a batch for ids of one length: the same bytes but for the ids, and where these stand. */
interface Mould {
  bytes: Buffer;
  places: number[];
  /** The bytes with the last id that was asked for: often the next one has the same. */
  last?: { id: string; bytes: Buffer };
}

/** A batch as `next` messages of one subscription, ready for the socket. Bytes are made once and only the id is changed. */
export function framesOf(batch: Batch, id: string): Buffer {
  if (!PLAIN_ID.test(id)) {
    return Buffer.concat(
      batch.payloads.map((json) => {
        const body = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":${json}}`);
        return Buffer.concat([head(body.length), body]);
      }),
    );
  }
  const mould = mouldOf(batch, id.length);
  if (mould.last?.id !== id) {
    const bytes = Buffer.allocUnsafe(mould.bytes.length);
    mould.bytes.copy(bytes);
    for (const place of mould.places) bytes.write(id, place, 'latin1');
    mould.last = { id, bytes };
  }
  return mould.last.bytes;
}

function mouldOf(batch: Batch, idLength: number): Mould {
  let mould = batch.encoded.get(idLength) as Mould | undefined;
  if (mould) return mould;
  const parts: Buffer[] = [];
  const places: number[] = [];
  let length = 0;
  for (const json of batch.payloads) {
    const body = Buffer.from(`${BEFORE_ID}${' '.repeat(idLength)}${AFTER_ID}${json}}`);
    const header = head(body.length);
    places.push(length + header.length + BEFORE_ID.length);
    length += header.length + body.length;
    parts.push(header, body);
  }
  mould = { bytes: Buffer.concat(parts, length), places };
  batch.encoded.set(idLength, mould);
  return mould;
}
