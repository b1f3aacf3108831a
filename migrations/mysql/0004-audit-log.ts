import { Migration } from '@mikro-orm/migrations';

/** The audit log of each company, and where its chain ends. */
export class AuditLog extends Migration {
  override up(): void {
    this.addSql(`create table \`audit_entries\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`number\` bigint not null,
        \`action\` varchar(60) not null,
        \`result\` varchar(20) not null,
        \`reason\` varchar(40) null,
        \`entry_point\` varchar(20) not null,
        \`actor_id\` varchar(40) character set ascii collate ascii_bin null,
        \`object_id\` varchar(40) character set ascii collate ascii_bin null,
        \`details\` text not null,
        \`address\` varchar(45) null,
        \`user_agent\` varchar(200) null,
        \`origin_salt\` varchar(43) character set ascii collate ascii_bin null,
        \`origin_digest\` varchar(64) character set ascii collate ascii_bin not null,
        \`hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`occurred_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`audit_entries\` add unique \`audit_entries_company_id_number_unique\` (\`company_id\`, \`number\`)`,
    );
    this.addSql(
      `alter table \`audit_entries\` add index \`audit_entries_company_id_action_occurred_at_index\` (\`company_id\`, \`action\`, \`occurred_at\`)`,
    );
    this.addSql(
      `alter table \`audit_entries\` add index \`audit_entries_company_id_actor_id_occurred_at_index\` (\`company_id\`, \`actor_id\`, \`occurred_at\`)`,
    );
    this.addSql(
      `alter table \`audit_entries\` add index \`audit_entries_company_id_object_id_occurred_at_index\` (\`company_id\`, \`object_id\`, \`occurred_at\`)`,
    );
    this.addSql(
      `alter table \`audit_entries\` add index \`audit_entries_company_id_result_occurred_at_index\` (\`company_id\`, \`result\`, \`occurred_at\`)`,
    );
    this.addSql(
      `alter table \`audit_entries\` add unique \`audit_entries_company_id_occurred_at_unique\` (\`company_id\`, \`occurred_at\`)`,
    );
    this.addSql(`create table \`audit_heads\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`number\` bigint not null,
        \`hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`seal\` varchar(64) character set ascii collate ascii_bin not null,
        \`occurred_at\` datetime(3) not null,
        primary key (\`company_id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
  }
}
