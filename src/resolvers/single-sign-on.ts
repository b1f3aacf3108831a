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
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { expectMember } from '../auth/viewer.js';
import { claimDomain, recordNameOf, releaseDomain, verifyDomain } from '../domain/sso-domains.js';
import { listRows, type Row } from '../entities/rows.js';
import { SsoDomain, SsoProvider } from '../entities/single-sign-on.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { type Payload, payloadType, UserErrorItem } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { callbackPathOf, samlPathsOf } from '../schema/sign-in-paths.js';
import { MaxCharacters } from '../schema/texts.js';
import { answer } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';

const ClaimDomainPayload = payloadType('ClaimDomainPayload', 'domain', SsoDomain);
const VerifyDomainPayload = payloadType('VerifyDomainPayload', 'domain', SsoDomain);

const GONE = 'What is not there any more; null when nothing was taken away.';
const CURSOR = "The log's position at which the change is visible; null when there was none.";

@ObjectType()
class ReleaseDomainPayload implements Payload {
  @Field(() => ID, { nullable: true, description: GONE })
  domainId!: string | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
  @Field(() => String, { nullable: true, description: CURSOR })
  cursor!: string | null;
}

@ObjectType({ description: "How the company's people sign in by an issuer of its own." })
class SingleSignOn {
  @Field(() => SsoProvider, { nullable: true })
  provider!: Row<SsoProvider> | null;
  @Field(() => [SsoDomain], { description: 'In the order of the alphabet.' })
  domains!: Row<SsoDomain>[];
  @Field({
    description: 'Of OpenID Connect: what the issuer is to be told as the address to come back to (`redirect_uri`).',
  })
  callbackUrl!: string;
  @Field({ description: 'Of SAML: where the provider reads of us; our entity id as well.' })
  samlMetadataUrl!: string;
  @Field({ description: 'Where the people of the company begin to sign in.' })
  loginUrl!: string;
}

@InputType()
class ClaimDomainInput {
  @MaxCharacters(253)
  @Field({ description: 'Such as example.com; each subdomain is another one.' })
  domain!: string;
}

@InputType()
class VerifyDomainInput {
  @Field(() => ID)
  domainId!: string;
}

@InputType()
class ReleaseDomainInput {
  @Field(() => ID)
  domainId!: string;
}

@Resolver(() => SsoDomain)
export class SsoDomainResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => SingleSignOn, {
    description: "The company's own issuer, and the domains of addresses that it speaks for.",
  })
  async singleSignOn(@Ctx() context: GraphContext): Promise<SingleSignOn> {
    const { companyId } = expectMember(context.viewer);
    const source = context.rowsOf(COMPANY);
    const [[provider], domains] = await Promise.all([
      listRows(source, SsoProvider, true),
      listRows(source, SsoDomain, true, { orderBy: [['domain', 'ASC']] }),
    ]);
    const { publicUrl } = context;
    return {
      provider: provider ?? null,
      domains,
      callbackUrl: publicUrl + callbackPathOf(companyId),
      samlMetadataUrl: publicUrl + samlPathsOf(companyId).metadata,
      loginUrl: `${publicUrl}/auth/login?sso=${companyId}`,
    };
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => ClaimDomainPayload, {
    description: "Says that a domain of addresses is the company's, to be proven by a DNS record.",
  })
  claimDomain(
    @Arg('input') { domain }: ClaimDomainInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'domain', (parts, viewer) => claimDomain(parts, viewer, domain));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => VerifyDomainPayload, { description: 'Looks for the DNS record of a claimed domain.' })
  verifyDomain(
    @Arg('input') { domainId }: VerifyDomainInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'domain', (parts, viewer) => verifyDomain(parts, viewer, domainId));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => ReleaseDomainPayload, {
    description: 'Takes a claim back; who came in by it is signed out of the company.',
  })
  async releaseDomain(
    @Arg('input') { domainId }: ReleaseDomainInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { gone, ...payload } = await answer(context, info, 'gone', (parts, viewer) =>
      releaseDomain(parts, viewer, domainId),
    );
    return { ...payload, ...(gone as object | null) };
  }

  @FieldResolver(() => String, { description: 'Where the TXT record is to be.' })
  @Reads('domain')
  recordName(@Root() { domain }: Row<SsoDomain>): string {
    return recordNameOf(domain);
  }
}
