import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import {
  type Admitted,
  type DoorParts,
  enterAgain,
  enterByLink,
  type Shown,
  type ShownAgain,
} from '../domain/follow-door.js';
import type { LastUses } from '../domain/last-uses.js';
import type { Refusals } from '../domain/refusals.js';
import type { Parts } from '../domain/unit-of-work.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { badRequest } from '../errors.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { parseJson, readBody } from './body.js';
import type { FormatError } from './error-format.js';
import type { FollowLimits } from './follow-limits.js';
import { mediaTypeOf } from './http-question.js';
import { originOf } from './origin.js';
import { tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Handle, type Route, sendJson } from './router.js';
import { seldom } from './seldom.js';

export interface FollowDoorOptions {
  parts: Parts;
  limits: FollowLimits;
  refusals: Refusals;
  uses: LastUses;
  formatError: FormatError;
  trustedProxies: TrustedProxies;
}

const BODY_BYTES = 4_096;
const LONGEST = 1_024;

const text = z.string().max(LONGEST);
/** A link's secret, with its password where it has one; or a follower's own way back in, by which an invited one confirms. */
const question = z.union([
  z.strictObject({ secret: text, password: text.optional() }),
  z.strictObject({ renewal: text, confirm: z.boolean().optional() }),
]);
type Question = z.infer<typeof question>;

/** `POST /follow/token`: where a link, or a follower's renewal, is given for a token that is good for an hour. */
export class FollowDoor {
  readonly #shouldTell = seldom();

  constructor(readonly options: FollowDoorOptions) {}

  get routes(): Route[] {
    const handle: Handle = (request, response) => this.#handle(request, response);
    return [{ path: '/follow/token', methods: ['POST'], isApi: true, handle }];
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { formatError } = this.options;
    try {
      const admitted = await this.#answer(request, response);
      sendJson(response, 200, { ...admitted, expiresAt: admitted.expiresAt.toISOString() });
    } catch (error) {
      const formatted = formatError(error);
      const { status } = ERROR_CODES[formatted.extensions.code];
      if (formatted.extensions.reason === 'DOOR_BUSY' && this.#shouldTell())
        this.options.parts.log.warn('follow: more passwords are tried than can be looked at; some are refused');
      for (const [name, value] of Object.entries(refusalHeaders(status, error))) response.setHeader(name, value);
      if (!request.complete) response.setHeader('connection', 'close');
      sendJson(response, status, { errors: [formatted] });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Admitted> {
    const { parts, limits, refusals, trustedProxies } = this.options;
    const origin = originOf(request, trustedProxies);
    const asked = await read(request).catch(async (error) => {
      tellRateLimit(response, await limits.takeOfAddress(origin.address, false));
      throw error;
    });
    const hasPassword = 'password' in asked && asked.password !== undefined;
    tellRateLimit(response, await limits.takeOfAddress(origin.address, hasPassword));
    const doorParts = { ...parts, refusals, origin };
    return 'renewal' in asked ? this.#again(doorParts, asked) : this.#byLink(doorParts, asked);
  }

  async #byLink(parts: DoorParts, shown: Shown): Promise<Admitted> {
    const { limits } = this.options;
    const fingerprint = parts.keyring.fingerprint('follow-limit', shown.secret);
    const giveBack = await limits.takeOfLink(fingerprint, shown.password !== undefined);
    const { viewer, ...admitted } = await enterByLink(parts, shown);
    await giveBack();
    this.options.uses.note(viewer);
    return admitted;
  }

  async #again(parts: DoorParts, shown: ShownAgain): Promise<Admitted> {
    const { viewer, ...admitted } = await enterAgain(parts, shown);
    this.options.uses.note(viewer);
    return admitted;
  }
}

/** As JSON only: a form of another site can send anything else without asking. */
async function read(request: IncomingMessage): Promise<Question> {
  const asked = mediaTypeOf(request) === 'application/json' ? parseJson(await readBody(request, BODY_BYTES)) : null;
  const parsed = question.safeParse(asked);
  if (parsed.success) return parsed.data;
  throw badRequest('DOOR_QUESTION', 'Send JSON with "secret", and "password" where there is one, or with "renewal".');
}
