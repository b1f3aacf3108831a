import { RateLimitError, rateLimitHeaders } from './rate-limits.js';

const RETRY_SECONDS = 30;

/** What an answer that refuses says beside its status: how to show who one is, or after how many seconds to ask again. */
export function refusalHeaders(status: number, error: unknown): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status !== 429 && status !== 503) return {};
  if (!(error instanceof RateLimitError)) return { 'retry-after': String(RETRY_SECONDS) };
  return { ...rateLimitHeaders(error.standing), 'retry-after': String(error.retryAfterSeconds) };
}
