import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { createApiKey, revokeApiKey, rotateApiKey } from '../domain/api-keys.js';
import { ApiKey, ApiKeySecret } from '../entities/api-key.js';
import { Member } from '../entities/member.js';
import { findRows, type Row } from '../entities/rows.js';
import { Scope } from '../entities/vocabulary.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForMembers, HasRole, NeedsScope } from '../schema/directives.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { newestFirst } from './page.js';

const SECRET = { secret: 'What the program shows. Told here once; only a fingerprint of it is kept.' };
const ApiKeyConnection = connectionOf(ApiKey, 'ApiKey');
const CreateApiKeyPayload = payloadType('CreateApiKeyPayload', 'apiKey', ApiKey, SECRET);
const RotateApiKeyPayload = payloadType('RotateApiKeyPayload', 'apiKey', ApiKey, SECRET);
const RevokeApiKeyPayload = payloadType('RevokeApiKeyPayload', 'apiKey', ApiKey);

/** What everybody in the company is told of a key: what its program is called, beside what it has done. */
@NeedsScope()
@ObjectType({ description: 'A program that works in the company, by an API key.' })
export class Integration {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
}

@InputType()
class CreateApiKeyInput {
  @MaxCharacters(NAME_LENGTH)
  @Field({ description: 'What the program is called; everybody in the company sees it beside what it does.' })
  name!: string;
  @Field(() => [Scope])
  scopes!: Scope[];
  @Field({ description: 'Within a year.' })
  expiresAt!: Date;
  @IsOptional()
  @Field(() => [String], {
    nullable: true,
    description:
      'Addresses and ranges, such as 192.0.2.10 and 10.0.0.0/8, from which it is good; from everywhere unless given.',
  })
  allowedAddresses?: string[] | null;
}

@InputType()
class RotateApiKeyInput {
  @Field(() => ID)
  keyId!: string;
  @Field(() => Int, {
    defaultValue: 0,
    description: 'So long the secrets before go on, seven days at most; with 0 they end at once.',
  })
  overlapSeconds!: number;
  @IsOptional()
  @Field(() => Date, { nullable: true, description: 'A new end of the key, within a year; as it was unless given.' })
  expiresAt?: Date | null;
}

@InputType()
class RevokeApiKeyInput {
  @Field(() => ID)
  keyId!: string;
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => ApiKeyConnection, { description: 'Every API key of the company, ended ones included, newest first.' })
  apiKeys(@Args(() => PageArgs) page: PageArgs, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    return newestFirst(context, ApiKey, page, info);
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => CreateApiKeyPayload, { description: 'Lets a program in, which acts as itself.' })
  async createApiKey(
    @Arg('input') input: CreateApiKeyInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return shown(await answer(context, info, 'shown', (parts, viewer) => createApiKey(parts, viewer, input)));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => RotateApiKeyPayload, { description: 'Gives a key a new secret.' })
  async rotateApiKey(
    @Arg('input') { keyId, overlapSeconds, expiresAt = null }: RotateApiKeyInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return shown(
      await answer(context, info, 'shown', (parts, viewer) =>
        rotateApiKey(parts, viewer, keyId, overlapSeconds, expiresAt),
      ),
    );
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => RevokeApiKeyPayload, { description: 'Ends a key at once; open sockets of it close.' })
  revokeApiKey(
    @Arg('input') { keyId }: RevokeApiKeyInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'apiKey', (parts, viewer) => revokeApiKey(parts, viewer, keyId));
  }

  @Reads('createdBy')
  @FieldResolver(() => Member)
  createdBy(
    @Root() { createdBy }: Row<ApiKey>,
    @Ctx() { references }: GraphContext,
  ): Row<Member> | Promise<Row<Member>> {
    return references.member(createdBy.id);
  }

  @Reads('id')
  @FieldResolver(() => Date, { nullable: true, description: 'To the minute.' })
  lastUsedAt(@Root() { id }: Row<ApiKey>, @Ctx() context: GraphContext): Promise<Date | null> {
    return context.lastUseOf(id);
  }

  @Reads('id')
  @FieldResolver(() => [ApiKeySecret], { description: 'Those that are good, the oldest first.' })
  async secrets(@Root() { id }: Row<ApiKey>, @Ctx() context: GraphContext): Promise<Row<ApiKeySecret>[]> {
    context.readNow();
    const secrets = await findRows(context.rowsOf(COMPANY), ApiKeySecret, { key: id });
    const now = Date.now();
    return secrets
      .filter(({ expiresAt }) => !expiresAt || expiresAt.getTime() > now)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }
}

/** The two parts of what was done, each under its name. */
function shown(payload: Record<string, unknown>) {
  const { apiKey = null, secret = null } = (payload.shown ?? {}) as { apiKey?: ApiKey; secret?: string };
  return { ...payload, apiKey, secret };
}
