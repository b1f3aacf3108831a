import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import { limitExceeded } from '../errors.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import type { Engine } from './operations.js';

/** Lets connections that stay come in, a bounded number for each person. */
export class Admissions {
  readonly #open = new Map<string, number>();

  constructor(
    readonly fanOut: Engine,
    readonly maxPerViewer: number,
  ) {}

  /**
   * Lets a viewer in. `connection.end` is called when the way in is closed, which may be at once: then there is no
   * place. Throws LIMIT_EXCEEDED.
   */
  async admit(viewer: Viewer, connection: Connection): Promise<Place | null> {
    const place = this.#take(viewer);
    if (viewer.kind !== 'MEMBER' && viewer.kind !== 'FOLLOWER') return place;
    try {
      place.admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
    } finally {
      if (!place.admission) place.leave();
    }
    return place.admission && place;
  }

  /** Counts one more. A follow link may be in many hands: their address limits those. */
  #take(viewer: Viewer): Place {
    if (!('userId' in viewer)) return new Place(this, null);
    const { userId } = viewer;
    const count = this.#open.get(userId) ?? 0;
    if (count >= this.maxPerViewer) {
      throw limitExceeded('CONNECTIONS_PER_VIEWER', `You have ${count} connections open already.`);
    }
    this.#open.set(userId, count + 1);
    return new Place(this, userId);
  }

  giveBack(userId: string): void {
    const left = (this.#open.get(userId) ?? 1) - 1;
    if (left > 0) this.#open.set(userId, left);
    else this.#open.delete(userId);
  }
}

/** A connection that has been let in. */
export class Place {
  /** At the events of the viewer's company; none for a viewer without a company. */
  admission: Admission<Standing, Reading> | null = null;

  constructor(
    readonly admissions: Admissions,
    private countedFor: string | null,
  ) {}

  leave(): void {
    if (this.countedFor !== null) this.admissions.giveBack(this.countedFor);
    this.countedFor = null;
    this.admission?.leave();
  }
}
