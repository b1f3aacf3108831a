import { LRUCache } from 'lru-cache';
import type { DoorBook, Origin } from '../auth/door-book.js';
import { actorIdOf, type Viewer } from '../auth/viewer.js';
import { prefixOf } from '../schema/ids.js';
import { networkOf } from '../transport/address-ranges.js';
import type { AuditWriter } from './audit-writer.js';
import type { LastUses } from './last-uses.js';
import type { Refusals } from './refusals.js';

/** Whether a key that this process has not seen has not been seen by any other; it is remembered for so long. Never rejects. */
export type FirstSight = (key: string, ms: number) => Promise<boolean>;

const DAY_MS = 86_400_000;
const KNOWN = 50_000;
/** A link may be in many hands. */
const MOST_NETWORKS = 50;

/**
 * Says in the audit logs who has come in, and from where: a member once with each token and each session, an API key's secret and
 * a link that is shown as it is once a day, and each again from another network, of which so many are told a day; a follower's
 * entry was written at the door. Who is turned away is a refusal.
 */
export class DoorLog implements DoorBook {
  /** What this process has seen; until when. */
  readonly #known = new LRUCache<string, number>({ max: KNOWN });
  /** From how many networks this process has seen a credential within a day. */
  readonly #networks = new LRUCache<string, number>({ max: KNOWN, ttl: DAY_MS });

  constructor(
    readonly writer: AuditWriter,
    readonly refusals: Refusals,
    readonly isFirst: FirstSight,
    readonly uses: LastUses,
  ) {}

  entered(viewer: Viewer, credential: string, origin: Origin): void {
    if (!('companyId' in viewer)) return;
    this.uses.note(viewer);
    // What let a follower in at the door stands there already.
    if (viewer.kind === 'FOLLOWER' && viewer.followerId !== null) return;
    const { companyId } = viewer;
    const shown = `${companyId} ${credential}`;
    const key = `${shown} ${networkOf(origin.address)}`;
    if ((this.#known.get(key) ?? 0) > Date.now()) return;
    const before = this.#networks.get(shown) ?? 0;
    if (before >= MOST_NETWORKS) return;
    this.#networks.set(shown, before + 1, { noUpdateTTL: true });
    const left = (viewer.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
    const ms = Math.max(1_000, viewer.kind === 'MEMBER' ? Math.min(left, 30 * DAY_MS) : DAY_MS);
    this.#known.set(key, Date.now() + ms);
    void this.isFirst(key, ms).then((isFirst) => {
      if (isFirst) this.writer.add(companyId, { ...observationOf(viewer), from: origin });
    });
  }

  turnedAway(companyId: string, entryPoint: Viewer['kind'], reason: string, origin: Origin, actorId?: string): void {
    this.refusals.noteAs({ companyId, actorId: actorId ?? null, entryPoint }, origin, 'access', reason);
  }
}

function observationOf(viewer: Viewer) {
  const by = { actorId: actorIdOf(viewer), entryPoint: viewer.kind };
  const details = viewer.kind === 'MEMBER' ? { by: viewer.sso ? 'SSO' : viewer.session ? 'SESSION' : 'TOKEN' } : {};
  return { action: `${prefixOf(by.actorId ?? '')}.entered`, objectId: by.actorId, details, by };
}
