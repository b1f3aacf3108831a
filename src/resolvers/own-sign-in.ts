import { forbidden } from '../errors.js';
import type { GraphContext } from './context.js';

/**
 * Throws FORBIDDEN for who came by a company's own issuer. Whoever runs that can come by it as any of the company's people, so it
 * opens that company alone: nothing that is a person's own, and no other company.
 */
export function expectOwnSignIn({ isBySso }: Pick<GraphContext, 'isBySso'>): void {
  if (isBySso) throw forbidden('ENTRY_NOT_ALLOWED', "A company's own sign-in opens that company alone.");
}
