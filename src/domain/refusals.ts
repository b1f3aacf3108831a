import type { Origin } from '../auth/door-book.js';
import { actorIdOf, type Viewer } from '../auth/viewer.js';
import type { AuditWriter } from './audit-writer.js';

/** Who was refused something, in which company. */
interface Refused {
  readonly companyId: string;
  readonly actorId: string | null;
  readonly entryPoint: Viewer['kind'];
}

interface Window {
  readonly refused: Refused;
  readonly origin: Origin;
  readonly action: string;
  readonly reason: string;
  more: number;
  timer: NodeJS.Timeout;
}

/** Like refusals of so long are one entry, and how many came after it is told by a second one. */
const WINDOW_MS = 60_000;
/** So many unlike ones of a company are told apart at a time; whoever tries more than that is told of in one. */
const UNLIKE = 50;
/** So many are told apart at all: strangers can name any number of companies. */
const MOST_OPEN = 10_000;

/** Says in the audit logs what was refused, but never as often as somebody asks: who is refused cannot fill a company's log. */
export class Refusals {
  readonly #windows = new Map<string, Window>();
  readonly #open = new Map<string, number>();

  constructor(readonly writer: AuditWriter) {}

  /** What is refused to people outside of any company stands in no company's log. */
  note(viewer: Viewer, origin: Origin, action: string, reason: string): void {
    if (!('companyId' in viewer)) return;
    const { companyId, kind: entryPoint } = viewer;
    this.noteAs({ companyId, actorId: actorIdOf(viewer), entryPoint }, origin, action, reason);
  }

  /** The same of somebody who is not let in. */
  noteAs(refused: Refused, origin: Origin, action: string, reason: string): void {
    const { companyId, actorId, entryPoint } = refused;
    const open = this.#open.get(companyId) ?? 0;
    const key = JSON.stringify([companyId, actorId, entryPoint, action, reason, origin.address]);
    if (open < UNLIKE || this.#windows.has(key)) this.#count(key, { refused, origin, action, reason });
    else this.#count(companyId, { refused: { ...refused, actorId: null }, origin, action: 'many', reason });
  }

  /** Says what has not been told yet. */
  close(): void {
    for (const key of [...this.#windows.keys()]) this.#end(key);
  }

  #count(key: string, told: Omit<Window, 'more' | 'timer'>): void {
    const window = this.#windows.get(key);
    if (window) {
      window.more += 1;
      return;
    }
    if (this.#windows.size >= MOST_OPEN) return;
    const timer = setTimeout(() => this.#end(key), WINDOW_MS);
    timer.unref();
    this.#windows.set(key, { ...told, more: 0, timer });
    const { companyId } = told.refused;
    this.#open.set(companyId, (this.#open.get(companyId) ?? 0) + 1);
    this.#tell(told, {});
  }

  #end(key: string): void {
    const window = this.#windows.get(key);
    if (!window) return;
    clearTimeout(window.timer);
    this.#windows.delete(key);
    const { companyId } = window.refused;
    const open = (this.#open.get(companyId) ?? 1) - 1;
    if (open > 0) this.#open.set(companyId, open);
    else this.#open.delete(companyId);
    if (window.more > 0) this.#tell(window, { timesMore: window.more });
  }

  #tell({ refused, origin, action, reason }: Omit<Window, 'more' | 'timer'>, details: object): void {
    const { companyId, ...by } = refused;
    this.writer.add(companyId, { action, reason, details, by, from: origin });
  }
}
