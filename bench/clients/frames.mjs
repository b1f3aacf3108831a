// WebSocket frames as a load client needs them: made without masking, counted without reading.

/** A client's frame. Its mask is zero, which is legal and leaves the payload as it is. */
export function frame(opcode, text) {
  const body = Buffer.from(text);
  const head =
    body.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | body.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0xfe, body.length >> 8, body.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, body]);
}

/**
 * Walks over the frames of one socket as its bytes arrive. Data frames are counted by their headers alone, unless
 * `onText` wants to read them; control frames are given to `onControl`.
 */
export class FrameWalker {
  frames = 0;
  #cut = null;
  #skip = 0;

  constructor(onControl, onText = null) {
    this.onControl = onControl;
    this.onText = onText;
  }

  /** The first `length` bytes of `buffer`, which the caller will use again. */
  walk(buffer, length) {
    let bytes = buffer;
    let end = length;
    if (this.#cut) {
      bytes = Buffer.concat([this.#cut, buffer.subarray(0, length)]);
      end = bytes.length;
      this.#cut = null;
    }
    if (this.#skip >= end) {
      this.#skip -= end;
      return;
    }
    let at = this.#skip;
    this.#skip = 0;
    while (at < end) {
      const head = headAt(bytes, at, end);
      const opcode = bytes[at] & 15;
      const mustBeWhole = opcode > 2 || this.onText !== null;
      if (!head || (mustBeWhole && at + head.size + head.length > end)) {
        this.#cut = Buffer.from(bytes.subarray(at, end));
        return;
      }
      const start = at + head.size;
      at = start + head.length;
      if (opcode > 2) this.onControl(opcode, bytes.subarray(start, at));
      else if (opcode > 0) this.#count(bytes, start, at);
    }
    this.#skip = at - end;
  }

  #count(bytes, start, end) {
    this.frames += 1;
    this.onText?.(bytes.toString('utf8', start, end));
  }
}

/** The sizes of a frame's head and of its payload, or nothing when the head is cut. */
function headAt(bytes, at, end) {
  if (end - at < 2) return null;
  const short = bytes[at + 1] & 127;
  if (short < 126) return { size: 2, length: short };
  if (short === 126) return end - at < 4 ? null : { size: 4, length: bytes.readUInt16BE(at + 2) };
  return end - at < 10 ? null : { size: 10, length: Number(bytes.readBigUInt64BE(at + 2)) };
}
