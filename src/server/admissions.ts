import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import { limitExceeded } from '../errors.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import type { Engine } from './operations.js';

/** A connection that has been let in. */
export interface Place {
  /** At the events of the viewer's company; none for a viewer without a company. */
  readonly admission: Admission<Standing, Reading> | null;
  leave(): void;
}

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
    const release = this.#take(viewer);
    try {
      if (viewer.kind !== 'MEMBER' && viewer.kind !== 'FOLLOWER') return { admission: null, leave: release };
      const admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
      if (!admission) {
        release();
        return null;
      }
      const leave = () => {
        release();
        admission.leave();
      };
      return { admission, leave };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Counts one more; answers how to give it back, once. A follow link may be in many hands: their address limits those. */
  #take(viewer: Viewer): () => void {
    if (!('userId' in viewer)) return () => {};
    const { userId } = viewer;
    const count = this.#open.get(userId) ?? 0;
    if (count >= this.maxPerViewer) {
      throw limitExceeded('CONNECTIONS_PER_VIEWER', `You have ${count} connections open already.`);
    }
    this.#open.set(userId, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#open.get(userId) ?? 1) - 1;
      if (left > 0) this.#open.set(userId, left);
      else this.#open.delete(userId);
    };
  }
}
