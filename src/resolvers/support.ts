import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Field, FieldResolver, Info, InputType, Int, Mutation, Resolver, Root } from 'type-graphql';
import { grantSupport } from '../domain/support.js';
import { Member } from '../entities/member.js';
import type { Row } from '../entities/rows.js';
import { SupportGrant } from '../entities/support-grant.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import type { GraphContext } from './context.js';

const GrantSupportPayload = payloadType('GrantSupportPayload', 'supportGrant', SupportGrant);

@InputType()
class GrantSupportInput {
  @Field(() => Int, { description: 'From 1 to 72.' })
  hours!: number;
  @IsOptional()
  @MaxCharacters(NAME_LENGTH)
  @Field(() => String, { nullable: true, description: 'What it is for, in your words.' })
  reason?: string | null;
}

@Resolver(() => SupportGrant)
export class SupportResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => GrantSupportPayload, {
    description:
      "Lets the operator's support read in the company for some hours: what is not private, and nothing can be changed.",
  })
  grantSupport(
    @Arg('input') { hours, reason }: GrantSupportInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'supportGrant', (parts, viewer) => grantSupport(parts, viewer, hours, reason));
  }

  @Reads('grantedBy')
  @FieldResolver(() => Member)
  grantedBy(@Root() grant: Row<SupportGrant>, @Ctx() { references }: GraphContext): Row<Member> | Promise<Row<Member>> {
    return references.member(grant.grantedBy.id);
  }
}
