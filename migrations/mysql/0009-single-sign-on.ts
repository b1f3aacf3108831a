import { Migration } from '@mikro-orm/migrations';

/** Companies' own issuers, the domains that they have proven, and how the issuers call their members. */
export class SingleSignOn extends Migration {
  override up(): void {
    this.addSql(`create table \`sso_domains\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`domain\` varchar(253) character set ascii collate ascii_bin not null,
        \`challenge\` varchar(80) character set ascii collate ascii_bin not null,
        \`proven_domain\` varchar(253) character set ascii collate ascii_bin null,
        \`verified_at\` datetime(3) null,
        \`checked_at\` datetime(3) null,
        \`failing_since\` datetime(3) null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`sso_domains\` add unique \`sso_domains_proven_domain_unique\` (\`proven_domain\`)`);
    this.addSql(
      `alter table \`sso_domains\` add unique \`sso_domains_company_id_domain_unique\` (\`company_id\`, \`domain\`)`,
    );
    this.addSql(`create table \`sso_providers\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`protocol\` varchar(10) not null default 'OIDC',
        \`issuer\` varchar(255) character set ascii collate ascii_bin not null,
        \`client_id\` varchar(255) null,
        \`client_secret\` text character set ascii collate ascii_bin null,
        \`sign_in_url\` varchar(1000) null,
        \`certificates\` text null,
        \`is_enforced\` tinyint(1) not null default false,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`sso_providers\` add unique \`sso_providers_company_id_unique\` (\`company_id\`)`);
    this.addSql(`create table \`sso_identities\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`provider_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`subject\` varchar(255) character set ascii collate ascii_bin not null,
        \`member_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`provider_id\`, \`subject\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`sso_identities\` add index \`sso_identities_company_id_member_id_index\` (\`company_id\`, \`member_id\`)`,
    );
    this.addSql(
      `alter table \`sso_identities\` add unique \`sso_identities_company_id_provider_id_member_id_unique\` (\`company_id\`, \`provider_id\`, \`member_id\`)`,
    );
    this.addSql(
      `alter table \`sso_identities\` add constraint \`sso_identities_company_id_provider_id_foreign\` foreign key (\`company_id\`, \`provider_id\`) references \`sso_providers\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`sso_identities\` add constraint \`sso_identities_company_id_member_id_foreign\` foreign key (\`company_id\`, \`member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
  }
}
