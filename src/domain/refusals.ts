import type { Origin } from '../auth/door-book.js';
import { actorIdOf, type Viewer } from '../auth/viewer.js';
import { networkOf } from '../transport/address-ranges.js';
import type { AuditWriter } from './audit-writer.js';

/** Who was refused something, in which company. */
interface Refused {
  readonly companyId: string;
  readonly actorId: string | null;
  readonly entryPoint: Viewer['kind'];
}

interface Window {
  /** Of which room it takes. */
  readonly share: string;
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
/** So many of those whom nothing ties to the company: they take no room from the others. */
const UNLIKE_OF_STRANGERS = 10;
/** So many are told apart at all, and half as many of strangers, who can name any number of companies. */
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
    const share = shareOf(refused);
    const open = this.#open.get(share) ?? 0;
    const key = JSON.stringify([companyId, actorId, entryPoint, action, reason, networkOf(origin.address)]);
    const isApart = open < (actorId === null ? UNLIKE_OF_STRANGERS : UNLIKE) || this.#windows.has(key);
    const told = { share, refused, origin, action, reason };
    if (isApart) this.#count(key, told);
    else this.#count(share, { ...told, refused: { ...refused, actorId: null }, action: 'many' });
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
    if (this.#windows.size >= (told.share.endsWith(STRANGERS) ? MOST_OPEN / 2 : MOST_OPEN)) return;
    const timer = setTimeout(() => this.#end(key), WINDOW_MS);
    timer.unref();
    this.#windows.set(key, { ...told, more: 0, timer });
    this.#open.set(told.share, (this.#open.get(told.share) ?? 0) + 1);
    this.#tell(told, {});
  }

  #end(key: string): void {
    const window = this.#windows.get(key);
    if (!window) return;
    clearTimeout(window.timer);
    this.#windows.delete(key);
    const { share } = window;
    const open = (this.#open.get(share) ?? 1) - 1;
    if (open > 0) this.#open.set(share, open);
    else this.#open.delete(share);
    if (window.more > 0) this.#tell(window, { timesMore: window.more });
  }

  #tell({ refused, origin, action, reason }: Omit<Window, 'more' | 'timer'>, details: object): void {
    const { companyId, ...by } = refused;
    this.writer.add(companyId, { action, reason, details, by, from: origin });
  }
}

const STRANGERS = ' strangers';
const shareOf = ({ companyId, actorId }: Refused): string => (actorId === null ? companyId + STRANGERS : companyId);
