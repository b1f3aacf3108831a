/** Of one document, over HTTP and over WebSocket; the largest honest ones have a few hundred. */
export const MAX_TOKENS = 3_000;
