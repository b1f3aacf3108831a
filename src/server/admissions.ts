import { expectSignIn } from '../auth/sign-in-gate.js';
import type { Standing } from '../auth/standing.js';
import { actorIdOf, isBySso, type Viewer } from '../auth/viewer.js';
import { limitExceeded } from '../errors.js';
import type { Attendance } from '../pubsub/attendance.js';
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
    readonly refresh: (viewer: Viewer) => Promise<Viewer | null>,
    readonly attendance: Attendance,
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
      place.onLeave.push(await this.watch.add(viewer, connection));
      // Watched before it is read: what changes meanwhile is looked at again.
      place.onLeave.push(await this.signIns.add(viewer, connection));
      if ('companyId' in viewer)
        place.admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
      expectWayIn(viewer, place.admission);
      isIn = viewer.kind === 'USER' || place.admission !== null;
      if (isIn && viewer.kind === 'FOLLOWER') place.onLeave.push(this.attendance.enter(viewer.followId));
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

  /** Counts one more. A follow link may be in many hands: their address limits those who show it as it is. */
  #take(viewer: Viewer): Place {
    const person = personOf(viewer);
    if (person === null) return new Place(this, null);
    const count = this.#open.get(person) ?? 0;
    if (count >= this.maxPerViewer) {
      throw limitExceeded('CONNECTIONS_PER_VIEWER', `You have ${count} connections open already.`);
    }
    this.#open.set(person, count + 1);
    return new Place(this, person);
  }

  giveBack(person: string): void {
    const left = (this.#open.get(person) ?? 1) - 1;
    if (left > 0) this.#open.set(person, left);
    else this.#open.delete(person);
  }
}

/** Whose connections are counted together: a person's, apart those by a company's own issuer, a program's, a follower's. */
function personOf(viewer: Viewer): string | null {
  if (viewer.kind === 'MEMBER' && isBySso(viewer)) return viewer.memberId;
  if ('userId' in viewer) return viewer.userId;
  return viewer.kind === 'FOLLOWER' ? viewer.followerId : actorIdOf(viewer);
}

/** Throws for who has come by a sign-in that does not open the company any more, as things were read just now. */
function expectWayIn(viewer: Viewer, admission: Admission<Standing, Reading> | null): void {
  const standing = admission?.watcher.standing.viewer;
  if (viewer.kind === 'MEMBER' && standing?.kind === 'MEMBER' && standing.gate)
    expectSignIn(standing.gate, viewer.sso, viewer.startedAt);
}

/** A connection that has been let in. */
export class Place {
  /** At the events of the viewer's company; none for a viewer without a company. */
  admission: Admission<Standing, Reading> | null = null;
  /** What ends with it: that it is watched by what the viewer came, that it is counted. */
  readonly onLeave: (() => void)[] = [];

  constructor(
    readonly admissions: Admissions,
    private countedFor: string | null,
  ) {}

  leave(): void {
    if (this.countedFor !== null) this.admissions.giveBack(this.countedFor);
    this.countedFor = null;
    this.admission?.leave();
    for (const end of this.onLeave.splice(0)) end();
  }
}
