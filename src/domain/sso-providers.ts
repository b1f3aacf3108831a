import { LockMode } from '@mikro-orm/core';
import { Issuer } from '../auth/issuer.js';
import type { MemberViewer } from '../auth/viewer.js';
import type { KeyUse } from '../encryption/encryption.js';
import type { Place } from '../encryption/sealed-value.js';
import type { EntityManager } from '../entities/orm.js';
import { type Row, rowOf, selectRows } from '../entities/rows.js';
import { SsoIdentity, SsoProvider } from '../entities/single-sign-on.js';
import { ApiError, notFound, UserError } from '../errors.js';
import { expectId, newId } from '../schema/ids.js';
import type { TrustedIssuer } from '../trusted-issuers.js';
import { operatorActor, transactAs } from './actor.js';
import { SSO_SECRET } from './sealed-columns.js';
import { type Done, type Parts, transact, type Work } from './unit-of-work.js';

export interface ProviderFields {
  issuer: string;
  clientId: string;
  /** Absent leaves it as it is, null takes it away. It is never answered again. */
  clientSecret?: string | null;
}

const ISSUER_LENGTH = 255;
const CLIENT = /^[\x21-\x7e]{1,255}$/;
const SECRET = /^[\x20-\x7e]{1,1000}$/;

/** A company's own issuer, or null. */
export async function findProvider({ orm }: Pick<Parts, 'orm'>, companyId: string): Promise<Row<SsoProvider> | null> {
  const [provider] = await selectRows({ orm, companyId }, SsoProvider, 'id <> ?', ['']);
  return provider ?? null;
}

/** What is trusted of a company's own issuer: its addresses, which are looked at again by their domains. */
export const trustedOf = ({ issuer, clientId }: Pick<SsoProvider, 'issuer' | 'clientId'>): TrustedIssuer => ({
  issuer,
  // Its access tokens open nothing here.
  audience: '',
  client: clientId ?? '',
  trustsEmail: true,
});

/** The issuer's client secret, or undefined where there is none. Throws UNAVAILABLE while the keys cannot be had. */
export async function secretOf(
  { encryption }: Parts,
  { companyId, id, clientSecret }: Row<SsoProvider>,
  use: KeyUse,
): Promise<string | undefined> {
  return clientSecret ? encryption.open(placeOf(companyId, id), clientSecret, use) : undefined;
}

const placeOf = (companyId: string, id: string): Place => ({
  companyId,
  table: SSO_SECRET.table,
  column: SSO_SECRET.property,
  id,
});

/**
 * Sets the issuer at which the company's people sign in. Another issuer or client is a new one: nobody has signed in by it yet,
 * so it is a duty for nobody, and who came by the one before is signed out of the company. Throws UNAVAILABLE.
 */
export async function saveProvider(
  parts: Parts,
  viewer: MemberViewer,
  fields: ProviderFields,
): Promise<Done<SsoProvider>> {
  const { companyId, memberId } = viewer;
  const fault = await faultOf(parts, fields);
  const before = await findProvider(parts, companyId);
  const isSame = before?.protocol === 'OIDC' && before.issuer === fields.issuer && before.clientId === fields.clientId;
  const id = isSame ? before.id : newId('provider');
  const { clientSecret: secret } = fields;
  const use: KeyUse = { purpose: 'sso.provider', actorId: memberId, entryPoint: 'MEMBER' };
  const sealed = secret && !fault ? await parts.encryption.seal(placeOf(companyId, id), secret, use) : null;
  const { issuer, clientId } = fields;
  return put(parts, viewer, {
    before,
    isSame,
    id,
    fault,
    set: { protocol: 'OIDC', issuer, clientId, ...((secret !== undefined || !isSame) && { clientSecret: sealed }) },
    told: { clientId, isSecretNew: secret !== undefined },
  });
}

interface Put {
  /** As it was when this began. */
  readonly before: Row<SsoProvider> | null;
  /** Whether it is the same one, with other settings. */
  readonly isSame: boolean;
  readonly id: string;
  readonly fault: UserError | null;
  readonly set: Partial<SsoProvider> & Pick<SsoProvider, 'issuer'>;
  /** What is told of it beside the issuer. */
  readonly told: object;
}

/** Changes the company's issuer, or puts it in the place of the one before. */
export function put(parts: Parts, viewer: MemberViewer, given: Put): Promise<Done<SsoProvider>> {
  const { before, isSame, id, fault, set, told } = given;
  const { companyId } = viewer;
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    if (fault) throw fault;
    const held = await holdProvider(work.em);
    if ((held?.id ?? null) !== (before?.id ?? null))
      throw new UserError('PROVIDER_CHANGED', 'Somebody else has just changed it: look at it again.');
    const isKept = held !== null && isSame;
    if (held && !isSame) await remove(work, held);
    const provider = isKept ? Object.assign(held, set) : work.em.create(SsoProvider, { companyId, id, ...set });
    const changes: Record<string, [unknown, unknown]> = isKept ? {} : { issuer: [null, set.issuer] };
    work.record({ type: 'sso.providerSaved', objectId: id, data: { protocol: provider.protocol, ...told }, changes });
    return provider;
  });
}

/** Takes the company's issuer away; who came by it is signed out of the company, and nobody has to come by it. */
export function removeProvider(
  parts: Parts,
  viewer: MemberViewer,
  providerId: string,
): Promise<Done<Row<SsoProvider>>> {
  const id = expectId('provider', providerId);
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const provider = await holdProvider(work.em);
    if (provider?.id !== id) throw notFound('provider');
    const removed = rowOf(work.em, provider);
    await remove(work, provider);
    return removed;
  });
}

/**
 * Whether those whose address has a proven domain come in by the company's issuer alone. Who makes it a duty has come by it in
 * this very moment: so there is an administrator who can.
 */
export function setSsoEnforced(parts: Parts, viewer: MemberViewer, isEnforced: boolean): Promise<Done<SsoProvider>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const provider = await holdProvider(work.em);
    if (!provider) throw new UserError('NO_PROVIDER', 'The company has no issuer of its own.');
    if (isEnforced && viewer.sso !== provider.id)
      throw new UserError('SSO_NOT_TRIED', "Sign in by the company's own issuer first, and ask by that session.");
    return enforce(work, provider, isEnforced);
  });
}

/** The operator's way out for a company that has locked itself out. Answers whether it was a duty. Throws NOT_FOUND. */
export async function endEnforcement(parts: Parts, companyId: string): Promise<boolean> {
  const { result } = await transact(parts, operatorActor(companyId), async (work) => {
    const provider = await holdProvider(work.em);
    if (!provider) throw notFound('single sign-on');
    const wasEnforced = provider.isEnforced;
    enforce(work, provider, false);
    return wasEnforced;
  });
  return result;
}

function enforce(work: Work, provider: SsoProvider, isEnforced: boolean): SsoProvider {
  if (provider.isEnforced === isEnforced) return provider;
  provider.isEnforced = isEnforced;
  const changes: Record<string, [unknown, unknown]> = { isEnforced: [!isEnforced, isEnforced] };
  work.record({ type: isEnforced ? 'sso.enforced' : 'sso.released', objectId: provider.id, changes });
  return provider;
}

const holdProvider = (em: EntityManager): Promise<SsoProvider | null> =>
  em.findOne(SsoProvider, { id: { $ne: '' } }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });

async function remove({ em, record }: Work, provider: SsoProvider): Promise<void> {
  const { id, issuer } = provider;
  await em.nativeDelete(SsoIdentity, { provider: { id } });
  await em.nativeDelete(SsoProvider, { id });
  em.clear();
  record({ type: 'sso.providerRemoved', objectId: id, changes: { issuer: [issuer, null] } });
}

/** One answer for whatever is wrong with an issuer, so that nobody learns of hosts by it what they cannot see themselves. */
async function faultOf({ outbound, log }: Parts, fields: ProviderFields): Promise<UserError | null> {
  const { issuer, clientId, clientSecret } = fields;
  if (!CLIENT.test(clientId))
    return new UserError('REQUIRED', 'The client has 1 to 255 visible characters.', 'clientId');
  if (typeof clientSecret === 'string' && !SECRET.test(clientSecret))
    return new UserError('SECRET_UNFIT', 'A secret has 1 to 1000 visible ASCII characters.', 'clientSecret');
  const words = 'No OpenID Connect issuer answers as itself at this public https address.';
  const refusal = new UserError('ISSUER', words, 'issuer');
  if (!isIssuerUrl(issuer, outbound.isPrivateAllowed)) return refusal;
  try {
    const metadata = await new Issuer(trustedOf(fields), outbound.fetch).metadata();
    return metadata.authorization_endpoint && metadata.token_endpoint ? null : refusal;
  } catch (error) {
    const cause = error instanceof ApiError ? error.cause : error;
    log.info({ issuer, error: String(cause) }, 'sso: an issuer was not taken');
    return refusal;
  }
}

function isIssuerUrl(text: string, isHttpAllowed: boolean): boolean {
  const url = text.length > ISSUER_LENGTH ? null : URL.parse(text);
  if (!url || url.username || url.password || url.search || url.hash) return false;
  return url.protocol === 'https:' || (isHttpAllowed && url.protocol === 'http:');
}
