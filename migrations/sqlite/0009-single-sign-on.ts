import { Migration } from '@mikro-orm/migrations';

/** Companies' own issuers, the domains that they have proven, and how the issuers call their members. */
export class SingleSignOn extends Migration {
  override up(): void {
    this.addSql(`create table \`sso_domains\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`domain\` text not null,
        \`challenge\` text not null,
        \`proven_domain\` text null,
        \`verified_at\` datetime null,
        \`checked_at\` datetime null,
        \`failing_since\` datetime null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`)
      )`);
    this.addSql(`create unique index \`sso_domains_proven_domain_unique\` on \`sso_domains\` (\`proven_domain\`)`);
    this.addSql(
      `create unique index \`sso_domains_company_id_domain_unique\` on \`sso_domains\` (\`company_id\`, \`domain\`)`,
    );
    this.addSql(`create table \`sso_providers\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`protocol\` text not null default 'OIDC',
        \`issuer\` text not null,
        \`client_id\` text null,
        \`client_secret\` text null,
        \`sign_in_url\` text null,
        \`certificates\` text null,
        \`is_enforced\` integer not null default false,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`)
      )`);
    this.addSql(`create unique index \`sso_providers_company_id_unique\` on \`sso_providers\` (\`company_id\`)`);
    this.addSql(`create table \`sso_identities\` (
        \`company_id\` text not null,
        \`provider_id\` text not null,
        \`subject\` text not null,
        \`member_id\` text not null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`provider_id\`, \`subject\`),
        constraint \`sso_identities_company_id_provider_id_foreign\` foreign key (\`company_id\`, \`provider_id\`) references \`sso_providers\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`sso_identities_company_id_member_id_foreign\` foreign key (\`company_id\`, \`member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(
      `create index \`sso_identities_company_id_member_id_index\` on \`sso_identities\` (\`company_id\`, \`member_id\`)`,
    );
    this.addSql(
      `create unique index \`sso_identities_company_id_provider_id_member_id_unique\` on \`sso_identities\` (\`company_id\`, \`provider_id\`, \`member_id\`)`,
    );
  }
}
