import type { ExecutionResult } from 'graphql';
import type { Standing } from '../auth/standing.js';
import { isDatabaseFault } from '../entities/orm.js';
import type { Change, Render, Topic } from '../pubsub/topic.js';
import { type ContextSettings, createSharedContext, type GraphContext } from './context.js';
import { ProjectTopic } from './project-topic.js';
import type { Reading } from './reading.js';
import { Trace } from './trace.js';

/**
 * Makes a topic's payloads by executing the subscription's document, with a trace of what of the viewer's standing went
 * into each. Throws what the database threw: a payload that lacks something because of it is never told.
 */
export function renderBy(
  execute: (change: Change, context: GraphContext) => ExecutionResult | Promise<ExecutionResult>,
  settings: ContextSettings,
  topic: Topic<Standing>,
  toJson: (result: ExecutionResult) => string,
): Render<Standing, Reading> {
  const projectId = topic instanceof ProjectTopic ? topic.projectId : null;
  return async (change, standing, reading) => {
    const trace = new Trace(standing, projectId);
    const result = await execute(change, createSharedContext(settings, trace, reading));
    const fault = result.errors?.find(({ originalError }) => isDatabaseFault(originalError));
    if (fault?.originalError) throw fault.originalError;
    return {
      json: toJson(result),
      isPersonal: trace.isPersonal,
      named: trace.named,
      holdsFor: (other) => trace.holdsFor(other),
    };
  };
}
