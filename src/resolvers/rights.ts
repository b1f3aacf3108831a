import { findStanding, isSameStanding, type Standing } from '../auth/standing.js';
import { actorIdOf } from '../auth/viewer.js';
import {
  factsBefore,
  isFollowEvent,
  isFollowerEvent,
  isKeyEvent,
  isMemberEvent,
  isPermissionEvent,
  isSupportEvent,
  isTaskEvent,
  type PermissionEventData,
  routeTo,
  type TaskEventData,
} from '../domain/events.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import type { Rights } from '../pubsub/topic.js';
import type { ContextSettings } from './context.js';
import { CompanyReadings, type Reading } from './reading.js';

/** The events that are about a way in: the object is whose standing they change. */
const WAYS_IN = [isMemberEvent, isKeyEvent, isSupportEvent, isFollowEvent, isFollowerEvent];

/** The member, the key, the grant, the follow or the follower whose standing this event changes. */
export function concernOf(event: LoggedEvent): string | null {
  if (isPermissionEvent(event.type)) return (event.data as PermissionEventData).memberId;
  return WAYS_IN.some((isOf) => isOf(event.type)) ? event.objectId : null;
}

/** What an event is heard under: the project that the task is or was in, and the task. */
export function routesOf(event: LoggedEvent): string[] {
  if (!isTaskEvent(event.type)) return [];
  const data = event.data as TaskEventData;
  const projects = new Set([factsBefore(data)?.projectId, data.after.projectId]);
  return [routeTo('task', event.objectId), ...[...projects].flatMap((id) => (id ? routeTo('project', id) : []))];
}

/** Teaches the fan-out what the product's events and viewers are. */
export const createRights = ({ parts, refresh }: ContextSettings): Rights<Standing, Reading> => ({
  load: ({ viewer }) => findStanding(parts.orm, refresh, viewer),
  isSame: isSameStanding,
  keyOf: ({ viewer }) => actorIdOf(viewer),
  sharedKeyOf: ({ viewer }) => (viewer.kind === 'FOLLOWER' ? viewer.followId : null),
  concernOf,
  closes: ({ type, objectId }) => (type === 'follow.revoked' ? objectId : null),
  concerns: ['member', 'apikey', 'support', 'permission', 'follow', 'follower', 'project'],
  routesOf,
  readingsOf: (companyId) => new CompanyReadings(parts.orm, companyId),
});
