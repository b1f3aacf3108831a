import { expectSignIn } from '../auth/sign-in-gate.js';
import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import { limitExceeded } from '../errors.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import type { Engine } from './operations.js';
import type { Guest, SessionWatch } from './session-watch.js';
import type { Entrant, SignInWatch } from './sign-in-watch.js';

/** Lets connections that stay come in, a bounded number for each person. */
export class Admissions {
  readonly #open = new Map<string, number>();

  constructor(
    readonly fanOut: Engine,
    readonly maxPerViewer: number,
    readonly watch: SessionWatch,
    readonly signIns: SignInWatch,
  ) {}

  /**
   * Lets a viewer in. `connection.end` is called when the way in is closed, which may be at once: then there is no
   * place. Throws LIMIT_EXCEEDED, SESSION_ENDED for who came by a session, or SSO_REQUIRED.
   */
  async admit(viewer: Viewer, connection: Connection & Guest & Entrant): Promise<Place | null> {
    const place = this.#take(viewer);
    let isIn = false;
    try {
      place.unwatch.push(await this.watch.add(viewer, connection));
      // Watched before it is read: what changes meanwhile is looked at again.
      place.unwatch.push(await this.signIns.add(viewer, connection));
      if (viewer.kind === 'MEMBER' || viewer.kind === 'FOLLOWER')
        place.admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
      expectWayIn(viewer, place.admission);
      isIn = viewer.kind === 'USER' || place.admission !== null;
    } finally {
      if (!isIn) place.leave();
    }
    return isIn ? place : null;
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

/** Throws for who has come by a sign-in that does not open the company any more, as things were read just now. */
function expectWayIn(viewer: Viewer, admission: Admission<Standing, Reading> | null): void {
  const standing = admission?.watcher.standing.viewer;
  if (viewer.kind === 'MEMBER' && standing?.kind === 'MEMBER' && standing.gate) expectSignIn(standing.gate, viewer.sso);
}

/** A connection that has been let in. */
export class Place {
  /** At the events of the viewer's company; none for a viewer without a company. */
  admission: Admission<Standing, Reading> | null = null;
  /** Cease to watch by what the viewer came. */
  readonly unwatch: (() => void)[] = [];

  constructor(
    readonly admissions: Admissions,
    private countedFor: string | null,
  ) {}

  leave(): void {
    if (this.countedFor !== null) this.admissions.giveBack(this.countedFor);
    this.countedFor = null;
    this.admission?.leave();
    for (const cease of this.unwatch.splice(0)) cease();
  }
}
