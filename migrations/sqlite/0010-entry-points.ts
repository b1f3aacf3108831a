import { Migration } from '@mikro-orm/migrations';

/** When each way into a company was used last, leave for the operator's support, and a company's own words for its members. */
export class EntryPoints extends Migration {
  override up(): void {
    this.addSql(`create table \`last_uses\` (
        \`company_id\` text not null,
        \`object_id\` text not null,
        \`used_at\` datetime not null,
        primary key (\`company_id\`, \`object_id\`)
      )`);
    this.addSql(`create table \`support_grants\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`reason\` text not null default '',
        \`granted_by_id\` text not null,
        \`created_at\` datetime not null,
        \`expires_at\` datetime not null,
        \`revoked_at\` datetime null,
        primary key (\`company_id\`, \`id\`),
        constraint \`support_grants_company_id_granted_by_id_foreign\` foreign key (\`company_id\`, \`granted_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(
      'create index `support_grants_company_id_created_at_id_index` on `support_grants` (`company_id`, `created_at`, `id`)',
    );
    this.addSql(
      'create index `support_grants_company_id_granted_by_id_index` on `support_grants` (`company_id`, `granted_by_id`)',
    );
    this.addSql('alter table `members` add column `display_name` text null');
    this.addSql('alter table `members` add column `title` text null');
    this.addSql('alter table `members` add column `erased_at` datetime null');
    this.addSql('alter table `user_identities` add column `addressed_at` datetime null');
  }
}
