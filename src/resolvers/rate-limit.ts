import { Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { Allow, NeedsScope, PublicFace } from '../schema/directives.js';
import type { GraphContext, RateLimit } from './context.js';

@NeedsScope()
@ObjectType('RateLimit', { description: 'How much you may ask for, in points; every answer says what it cost.' })
export class RateLimitType implements RateLimit {
  @PublicFace()
  @Field(() => Int, { description: 'What you may spend from one reset to the next.' })
  limit!: number;

  @PublicFace()
  @Field(() => Int, { description: 'What is left of it.' })
  remaining!: number;

  @PublicFace()
  @Field()
  resetAt!: Date;
}

@Resolver()
export class RateLimitResolver {
  @NeedsScope()
  @Allow('USER', 'MEMBER', 'FOLLOWER', 'INTEGRATION', 'SUPPORT')
  @Query(() => RateLimitType, { description: 'What you may still ask for.' })
  rateLimit(@Ctx() context: GraphContext): RateLimit {
    return context.rateLimit();
  }
}
