import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { saveSamlProvider } from '../domain/saml-providers.js';
import { removeProvider, saveProvider, setSsoEnforced } from '../domain/sso-providers.js';
import type { Row } from '../entities/rows.js';
import { SsoProvider } from '../entities/single-sign-on.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { type Payload, payloadType, UserErrorItem } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters } from '../schema/texts.js';
import { answer } from './answer.js';
import type { GraphContext } from './context.js';

const SaveSsoProviderPayload = payloadType('SaveSsoProviderPayload', 'provider', SsoProvider);
const SaveSamlProviderPayload = payloadType('SaveSamlProviderPayload', 'provider', SsoProvider);
const SetSsoEnforcedPayload = payloadType('SetSsoEnforcedPayload', 'provider', SsoProvider);

const GONE = 'What is not there any more; null when nothing was taken away.';
const CURSOR = "The log's position at which the change is visible; null when there was none.";

@ObjectType()
class RemoveSsoProviderPayload implements Payload {
  @Field(() => ID, { nullable: true, description: GONE })
  providerId!: string | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
  @Field(() => String, { nullable: true, description: CURSOR })
  cursor!: string | null;
}

@InputType()
class SaveSsoProviderInput {
  @MaxCharacters(255)
  @Field({ description: 'The URL of an OpenID Connect issuer, as it calls itself.' })
  issuer!: string;
  @MaxCharacters(255)
  @Field({ description: 'Of our client there.' })
  clientId!: string;
  @IsOptional()
  @MaxCharacters(1000)
  @Field(() => String, {
    nullable: true,
    description: 'Kept sealed and never answered. Absent leaves it as it is, null takes it away.',
  })
  clientSecret?: string | null;
}

@InputType()
class SaveSamlProviderInput {
  @MaxCharacters(255)
  @Field({ description: "The identity provider's entity id." })
  issuer!: string;
  @MaxCharacters(1000)
  @Field({ description: 'Where it takes requests by HTTP-Redirect.' })
  signInUrl!: string;
  @MaxCharacters(20_000)
  @Field({ description: 'That its assertions are signed with, in PEM; several while one takes the place of another.' })
  certificates!: string;
}

@InputType()
class RemoveSsoProviderInput {
  @Field(() => ID)
  providerId!: string;
}

@InputType()
class SetSsoEnforcedInput {
  @Field()
  isEnforced!: boolean;
}

@Resolver(() => SsoProvider)
export class SsoProviderResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => SaveSsoProviderPayload, {
    description:
      "Sets the company's own issuer. Another issuer or client is a new one: who came by the one before is signed out.",
  })
  saveSsoProvider(
    @Arg('input') input: SaveSsoProviderInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'provider', (parts, viewer) => saveProvider(parts, viewer, input));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => SaveSamlProviderPayload, {
    description:
      "Sets the company's own SAML 2.0 identity provider. One with another entity id is a new one, other certificates are not.",
  })
  saveSamlProvider(
    @Arg('input') input: SaveSamlProviderInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'provider', (parts, viewer) => saveSamlProvider(parts, viewer, input));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => RemoveSsoProviderPayload, {
    description: 'Takes it away; who came by it is signed out of the company.',
  })
  async removeSsoProvider(
    @Arg('input') { providerId }: RemoveSsoProviderInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { gone, ...payload } = await answer(context, info, 'gone', async (parts, viewer) => {
      const done = await removeProvider(parts, viewer, providerId);
      // It is told also to who asks again, when there is no such object to see.
      return { ...done, result: { providerId: done.result.id } };
    });
    return { ...payload, ...(gone as object | null) };
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => SetSsoEnforcedPayload, {
    description:
      "Whether those whose address has a proven domain come in by the company's own issuer alone; who makes it a duty has come by it.",
  })
  setSsoEnforced(
    @Arg('input') { isEnforced }: SetSsoEnforcedInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'provider', (parts, viewer) => setSsoEnforced(parts, viewer, isEnforced));
  }

  @Reads('clientSecret')
  @FieldResolver(() => Boolean, { description: 'Whether a client secret is kept. It is answered to nobody.' })
  hasSecret(@Root() { clientSecret }: Row<SsoProvider>): boolean {
    return Boolean(clientSecret);
  }
}
