import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Authenticator } from '../auth/authenticate.js';
import { expectMember, type MemberViewer, nobody, type Viewer } from '../auth/viewer.js';
import { exportAudit } from '../domain/export-audit.js';
import type { Refusals } from '../domain/refusals.js';
import type { Parts } from '../domain/unit-of-work.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { ApiError, badInput } from '../errors.js';
import { expectEntry, expectRole } from '../schema/access.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { BrowserDoor } from './browser-door.js';
import type { FormatError } from './error-format.js';
import { single } from './http-question.js';
import { originOf } from './origin.js';
import { type RateLimits, spenderOf, tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Handle, sendJson } from './router.js';

interface AuditExportOptions {
  parts: Parts;
  authenticator: Authenticator;
  refusals: Refusals;
  rates: RateLimits;
  formatError: FormatError;
  trustedProxies: TrustedProxies;
  door: BrowserDoor;
}

/** What one export costs of the points that somebody may spend. */
const COST = 1_000;

/** `GET /export/audit.ndjson?after=NUMBER`: a company's audit log for its administrators, an entry a line, oldest first. */
export function createAuditExport(options: AuditExportOptions): Handle {
  const { parts, authenticator, refusals, rates, formatError, trustedProxies, door } = options;

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const origin = originOf(request, trustedProxies);
    const credential = {
      session: door.enter(request),
      origin,
      authorization: request.headers.authorization,
      companyId: single(request.headers['x-company-id']),
    };
    const viewer = await authenticator.authenticate(credential).catch(async (fault) => {
      throw await rates.charged(spenderOf(nobody, origin.address), fault);
    });
    const spender = spenderOf(viewer, origin.address);
    await rates.take(spender, COST);
    tellRateLimit(response, rates.standing(spender));
    try {
      const lines = await exportAudit({ ...parts, origin }, expectAdmin(viewer), afterOf(url));
      response.writeHead(200, {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'content-disposition': 'attachment; filename="audit.ndjson"',
        'cache-control': 'no-store',
      });
      await pipeline(whileAdmin(lines, viewer), response);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'FORBIDDEN')
        refusals.note(viewer, origin, 'audit.exported', error.reason);
      throw error;
    }
  }

  /** A long one is read for a while. */
  async function* whileAdmin(lines: AsyncIterable<string>, viewer: Viewer): AsyncIterable<string> {
    for await (const text of lines) {
      yield text;
      expectAdmin(await authenticator.confirm(viewer));
    }
  }

  return async (request, response, url) => {
    try {
      await serve(request, response, url);
    } catch (error) {
      // Who has gone is told nothing; what has begun was broken off, so that nobody takes a part for the whole.
      const formatted = hasGone(error) ? null : formatError(error);
      if (!formatted || response.headersSent) return;
      const { status } = ERROR_CODES[formatted.extensions.code];
      response.setHeaders(new Map(Object.entries(refusalHeaders(status, error))));
      sendJson(response, status, { errors: [formatted] });
    }
  };
}

function expectAdmin(viewer: Viewer): MemberViewer {
  expectEntry(viewer, ['MEMBER']);
  expectRole(viewer, 'ADMIN');
  return expectMember(viewer);
}

function afterOf({ searchParams }: URL): number {
  const after = Number(searchParams.get('after') ?? 0);
  if (Number.isSafeInteger(after) && after >= 0) return after;
  throw badInput('ARGUMENT_INVALID', '"after" is the number of an entry.');
}

const hasGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
