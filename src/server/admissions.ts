import type { Standing } from '../auth/standing.js';
import { actorIdOf, type Viewer } from '../auth/viewer.js';
import { limitExceeded } from '../errors.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import type { Engine } from './operations.js';
import type { Guest, SessionWatch } from './session-watch.js';

/** Lets connections that stay come in, a bounded number for each person. */
export class Admissions {
  readonly #open = new Map<string, number>();

  constructor(
    readonly fanOut: Engine,
    readonly maxPerViewer: number,
    readonly watch: SessionWatch,
    readonly refresh: (viewer: Viewer) => Promise<Viewer | null>,
  ) {}

  /**
   * Lets a viewer in. `connection.end` is called when the way in is closed, which may be at once: then there is no
   * place. Throws LIMIT_EXCEEDED, or SESSION_ENDED for who came by a session.
   */
  async admit(viewer: Viewer, connection: Connection & Guest): Promise<Place | null> {
    const place = this.#take(viewer);
    let isIn = false;
    try {
      place.unwatch = await this.watch.add(viewer, connection);
      if ('companyId' in viewer)
        place.admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
      isIn = viewer.kind === 'USER' || place.admission !== null;
    } finally {
      if (!isIn) place.leave();
    }
    return isIn ? place : null;
  }

  /**
   * When a connection by an API key has to end, as things are now: a rotation may have moved the end of the secret that it
   * came by. Null for all others, whose end does not move towards them.
   */
  async endOf(viewer: Viewer): Promise<Date | null> {
    if (viewer.kind !== 'INTEGRATION') return null;
    const current = await this.refresh(viewer);
    return current && 'expiresAt' in current ? current.expiresAt : new Date();
  }

  /** Counts one more. A follow link may be in many hands: their address limits those. */
  #take(viewer: Viewer): Place {
    const whose = viewer.kind === 'FOLLOWER' ? null : 'userId' in viewer ? viewer.userId : actorIdOf(viewer);
    if (whose === null) return new Place(this, null);
    const count = this.#open.get(whose) ?? 0;
    if (count >= this.maxPerViewer) {
      throw limitExceeded('CONNECTIONS_PER_VIEWER', `You have ${count} connections open already.`);
    }
    this.#open.set(whose, count + 1);
    return new Place(this, whose);
  }

  giveBack(whose: string): void {
    const left = (this.#open.get(whose) ?? 1) - 1;
    if (left > 0) this.#open.set(whose, left);
    else this.#open.delete(whose);
  }
}

/** A connection that has been let in. */
export class Place {
  /** At the events of the viewer's company; none for a viewer without a company. */
  admission: Admission<Standing, Reading> | null = null;
  /** Ceases to watch the session that the viewer came by. */
  unwatch: () => void = () => {};

  constructor(
    readonly admissions: Admissions,
    private countedFor: string | null,
  ) {}

  leave(): void {
    if (this.countedFor !== null) this.admissions.giveBack(this.countedFor);
    this.countedFor = null;
    this.admission?.leave();
    this.unwatch();
  }
}
