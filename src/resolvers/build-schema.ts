import 'reflect-metadata';
import { type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';
import { buildSchemaSync, getMetadataStorage } from 'type-graphql';
import { guardSchema } from '../schema/access.js';
import { accessDirectives } from '../schema/directives.js';
import { FollowResolver } from './follow.js';
import { HistoryResolver } from './history.js';
import { MemberResolver } from './member.js';
import { NodeResolver } from './node.js';
import { ProjectResolver } from './project.js';
import { ProjectStatsResolver } from './project-stats.js';
import { CommentResolver, TaskResolver } from './task.js';
import { PersonalViewResolver, UserPreferencesResolver, ViewerResolver } from './viewer.js';

/** Subscriptions bring their own source; type-graphql asks for a bus all the same. */
const noBus = {
  publish: () => {},
  subscribe: () => {
    throw new Error('Every subscription states its own source.');
  },
};

/** The schema with its guards. Throws when a root field lacks its access directives. */
export function buildGuardedSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      CommentResolver,
      FollowResolver,
      HistoryResolver,
      MemberResolver,
      NodeResolver,
      PersonalViewResolver,
      ProjectResolver,
      ProjectStatsResolver,
      TaskResolver,
      UserPreferencesResolver,
      ViewerResolver,
    ],
    directives: accessDirectives,
    orphanedTypes: [],
    validate: { forbidUnknownValues: false },
    pubSub: noBus as never,
  });
  return guardSchema(withPlainFields(schema));
}

/**
 * Fields that are nothing but a property get no resolver of their own, which the library would call for each of them; and
 * they say which column they read.
 */
function withPlainFields(schema: GraphQLSchema): GraphQLSchema {
  const { objectTypes, fieldResolvers } = getMetadataStorage();
  const nameOf = new Map(objectTypes.map(({ target, name }) => [target as unknown, name]));
  const resolved = new Set(
    fieldResolvers.map(
      ({ getObjectType, target, schemaName }) => `${nameOf.get(getObjectType?.() ?? target)}.${schemaName}`,
    ),
  );
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    if (type === schema.getQueryType() || type === schema.getMutationType() || type === schema.getSubscriptionType())
      continue;
    for (const field of Object.values(type.getFields())) {
      if (resolved.has(`${type.name}.${field.name}`)) continue;
      field.resolve = undefined;
      field.extensions = { ...field.extensions, reads: [field.name] };
    }
  }
  return schema;
}
