import type { Standing } from '../auth/standing.js';
import { actorIdOf, expectReading } from '../auth/viewer.js';
import { getProject } from '../domain/access.js';
import { routeTo } from '../domain/events.js';
import type { Orm } from '../entities/orm.js';
import { ApiError } from '../errors.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import type { Sight, Topic } from '../pubsub/topic.js';
import { concernOf } from './rights.js';

/** The changes in a project, with the rights of its viewers as they meet them. */
export abstract class ProjectTopic implements Topic<Standing> {
  readonly routes: readonly string[];

  constructor(
    readonly orm: Orm,
    readonly companyId: string,
    readonly projectId: string,
  ) {
    this.routes = [routeTo('project', projectId)];
  }

  /** What somebody's rights in the project hang on, but for what names them in person. */
  classOf({ viewer, grants }: Standing): string {
    if (viewer.kind === 'INTEGRATION') return `${viewer.kind} ${[...viewer.scopes].sort()}`;
    if (viewer.kind !== 'MEMBER') return viewer.kind;
    return `${viewer.role} ${viewer.membership} ${grants?.projectLevels.get(this.projectId) ?? 'NONE'}`;
  }

  namedIn(event: LoggedEvent): readonly string[] | 'ALL' {
    const concerned = concernOf(event);
    return concerned === null ? this.namedInTask(event) : [concerned];
  }

  look(event: LoggedEvent, standing: Standing): Sight | Promise<Sight> {
    const concerned = concernOf(event);
    if (concerned !== null) return concerned === actorIdOf(standing.viewer) ? this.#lookAtRights(standing) : null;
    return this.lookAtTask(event, standing);
  }

  protected abstract namedInTask(event: LoggedEvent): readonly string[] | 'ALL';
  protected abstract lookAtTask(event: LoggedEvent, standing: Standing): Sight;

  /** The viewer's own rights have changed: the stream ends, or what it showed before has to be read anew. */
  async #lookAtRights({ viewer }: Standing): Promise<Sight> {
    try {
      await getProject(this, expectReading(viewer), this.projectId, 'VIEW');
      return { kind: 'RESYNC' };
    } catch (error) {
      if (error instanceof ApiError) return { kind: 'END', error };
      throw error;
    }
  }
}
