import { actorIdOf, type Viewer } from '../auth/viewer.js';
import type { Origin } from './audit.js';
import { type Actor, type Parts, transact } from './unit-of-work.js';

/** What was refused to somebody who is known in a company. */
interface Refused {
  readonly actor: Actor;
  readonly origin: Origin;
  /** The field that was asked for. */
  readonly action: string;
  readonly reason: string;
}

/** Like refusals of so long are one entry, and how many came after it is told by a second one. */
const WINDOW_MS = 60_000;
/** So many unlike ones of a company are told apart at a time; whoever tries more than that is told of in one. */
const UNLIKE = 50;

/** Says in the audit logs what was refused, but never as often as somebody asks: who is refused cannot fill a company's log. */
export class Refusals {
  readonly #windows = new Map<string, { refused: Refused; more: number; timer: NodeJS.Timeout }>();
  readonly #open = new Map<string, number>();
  readonly #writing = new Set<Promise<void>>();

  constructor(readonly parts: Parts) {}

  /** Never rejects, and makes nobody wait. What is refused to people outside of any company stands in no company's log. */
  note(viewer: Viewer, origin: Origin, action: string, reason: string): void {
    if (!('companyId' in viewer)) return;
    const { companyId, kind } = viewer;
    const actor: Actor = { companyId, userId: null, actorId: actorIdOf(viewer), entryPoint: kind };
    const open = this.#open.get(companyId) ?? 0;
    const key = JSON.stringify([companyId, actor.actorId, action, reason, origin.address]);
    if (open < UNLIKE || this.#windows.has(key)) this.#count(key, { actor, origin, action, reason });
    else this.#count(companyId, { actor: { ...actor, actorId: null }, origin, action: 'many', reason });
  }

  /** Writes what has not been told yet. */
  async close(): Promise<void> {
    for (const key of [...this.#windows.keys()]) this.#end(key);
    await Promise.all(this.#writing);
  }

  #count(key: string, refused: Refused): void {
    const window = this.#windows.get(key);
    if (window) {
      window.more += 1;
      return;
    }
    const timer = setTimeout(() => this.#end(key), WINDOW_MS);
    timer.unref();
    this.#windows.set(key, { refused, more: 0, timer });
    const { companyId } = refused.actor;
    this.#open.set(companyId, (this.#open.get(companyId) ?? 0) + 1);
    this.#write(refused, {});
  }

  #end(key: string): void {
    const window = this.#windows.get(key);
    if (!window) return;
    clearTimeout(window.timer);
    this.#windows.delete(key);
    const { companyId } = window.refused.actor;
    const open = (this.#open.get(companyId) ?? 1) - 1;
    if (open > 0) this.#open.set(companyId, open);
    else this.#open.delete(companyId);
    if (window.more > 0) this.#write(window.refused, { timesMore: window.more });
  }

  #write({ actor, origin, action, reason }: Refused, details: object): void {
    const writing = transact({ ...this.parts, origin }, actor, async ({ audit }) => audit({ action, reason, details }))
      .then(() => {})
      .catch((error: unknown) => {
        const { companyId } = actor;
        this.parts.log.error({ companyId, action, reason, error: String(error) }, 'audit: a refusal was not written');
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}
