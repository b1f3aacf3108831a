import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../auth/authenticate.js';
import { expectMember, type MemberViewer, type Viewer } from '../auth/viewer.js';
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
import { type RateLimits, retryAfter, spenderOf } from './rate-limits.js';
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
    const viewer = await authenticator.authenticate({
      session: door.enter(request),
      origin,
      authorization: request.headers.authorization,
      companyId: single(request.headers['x-company-id']),
    });
    await rates.take(spenderOf(viewer, origin.address), COST);
    try {
      const lines = await exportAudit({ ...parts, origin }, expectAdmin(viewer), afterOf(url));
      response.writeHead(200, {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'content-disposition': 'attachment; filename="audit.ndjson"',
        'cache-control': 'no-store',
      });
      for await (const text of lines) {
        if (!response.write(text)) await roomIn(response);
        // A long one is read for a while.
        expectAdmin(await authenticator.confirm(viewer));
      }
      response.end();
    } catch (error) {
      if (error instanceof ApiError && error.code === 'FORBIDDEN')
        refusals.note(viewer, origin, 'audit.exported', error.reason);
      throw error;
    }
  }

  return async (request, response, url) => {
    try {
      await serve(request, response, url);
    } catch (error) {
      const formatted = formatError(error);
      // What has begun is broken off, so that nobody takes a part for the whole.
      if (response.headersSent) return void response.destroy();
      const { status } = ERROR_CODES[formatted.extensions.code];
      if (status === 401) response.setHeader('www-authenticate', 'Bearer');
      if (status === 429) response.setHeader('retry-after', retryAfter(error));
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

/** Waits until the client has read what was written, or has gone. */
async function roomIn(response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const { signal } = gone;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    gone.abort(),
  );
  if (response.destroyed) throw new Error('The client has gone.');
}
