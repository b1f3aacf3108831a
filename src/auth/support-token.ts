import type { Keyring } from '../crypto.js';
import { SealedToken } from './sealed-token.js';

/** Which company's grant a support token is for. */
export interface SupportTokenContent {
  companyId: string;
  grantId: string;
}

/** What the operator's people show to be let in by a company's grant. */
export const supportTokens = (keyring: Keyring): SealedToken<SupportTokenContent> =>
  new SealedToken(keyring, 'support-token', 'aliteo_support_');
