import { Migration } from '@mikro-orm/migrations';

/** When each way into a company was used last, leave for the operator's support, and a company's own words for its members. */
export class EntryPoints extends Migration {
  override up(): void {
    this.addSql(`create table \`last_uses\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`object_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`used_at\` datetime(3) not null,
        primary key (\`company_id\`, \`object_id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`create table \`support_grants\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`reason\` varchar(200) not null default '',
        \`granted_by_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        \`expires_at\` datetime(3) not null,
        \`revoked_at\` datetime(3) null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`support_grants\`
      add index \`support_grants_company_id_created_at_id_index\` (\`company_id\`, \`created_at\`, \`id\`),
      add index \`support_grants_company_id_granted_by_id_index\` (\`company_id\`, \`granted_by_id\`),
      add constraint \`support_grants_company_id_granted_by_id_foreign\` foreign key (\`company_id\`, \`granted_by_id\`)
        references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`);
    this.addSql(
      'alter table `members` add `display_name` varchar(200) null, add `title` varchar(200) null, add `erased_at` datetime(3) null',
    );
    this.addSql('alter table `user_identities` add `addressed_at` datetime(3) null');
  }
}
