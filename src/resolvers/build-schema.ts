import 'reflect-metadata';
import { type GraphQLSchema, specifiedDirectives } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { guardSchema } from '../schema/access.js';
import { accessDirectives } from '../schema/directives.js';
import { withMinCursor } from '../schema/min-cursor.js';
import { validateArgument } from '../schema/validate.js';
import { ApiKeyResolver } from './api-key.js';
import { AuditResolver } from './audit.js';
import { withDirectFields } from './direct-fields.js';
import { EntryPointResolver } from './entry-point.js';
import { FollowResolver } from './follow.js';
import { FollowerResolver } from './follower.js';
import { HistoryResolver } from './history.js';
import { InvitationResolver } from './invitation.js';
import { MemberResolver } from './member.js';
import { NodeResolver } from './node.js';
import { OwnInvitationResolver } from './own-invitation.js';
import { ProjectResolver } from './project.js';
import { ProjectFaceResolver } from './project-face.js';
import { ProjectStatsResolver } from './project-stats.js';
import { RateLimitResolver } from './rate-limit.js';
import { SessionResolver } from './session.js';
import { SsoDomainResolver } from './single-sign-on.js';
import { SsoProviderResolver } from './sso-provider.js';
import { SupportResolver } from './support.js';
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
      ApiKeyResolver,
      AuditResolver,
      CommentResolver,
      EntryPointResolver,
      FollowerResolver,
      FollowResolver,
      ProjectFaceResolver,
      HistoryResolver,
      InvitationResolver,
      MemberResolver,
      NodeResolver,
      OwnInvitationResolver,
      PersonalViewResolver,
      ProjectResolver,
      ProjectStatsResolver,
      RateLimitResolver,
      SessionResolver,
      SsoDomainResolver,
      SsoProviderResolver,
      SupportResolver,
      TaskResolver,
      UserPreferencesResolver,
      ViewerResolver,
    ],
    directives: [...specifiedDirectives, ...accessDirectives],
    orphanedTypes: [],
    validateFn: validateArgument,
    pubSub: noBus as never,
  });
  return guardSchema(withMinCursor(withDirectFields(schema)));
}
