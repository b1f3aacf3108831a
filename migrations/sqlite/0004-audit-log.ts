import { Migration } from '@mikro-orm/migrations';

/** The audit log of each company, and where its chain ends. */
export class AuditLog extends Migration {
  override up(): void {
    this.addSql(`create table \`audit_entries\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`number\` bigint not null,
        \`action\` text not null,
        \`result\` text not null,
        \`reason\` text null,
        \`entry_point\` text not null,
        \`actor_id\` text null,
        \`object_id\` text null,
        \`details\` text not null,
        \`address\` text null,
        \`user_agent\` text null,
        \`origin_salt\` text null,
        \`origin_digest\` text not null,
        \`hash\` text not null,
        \`occurred_at\` datetime not null,
        primary key (\`company_id\`, \`id\`)
      )`);
    this.addSql(
      `create unique index \`audit_entries_company_id_number_unique\` on \`audit_entries\` (\`company_id\`, \`number\`)`,
    );
    this.addSql(
      `create index \`audit_entries_company_id_action_occurred_at_index\` on \`audit_entries\` (\`company_id\`, \`action\`, \`occurred_at\`)`,
    );
    this.addSql(
      `create index \`audit_entries_company_id_actor_id_occurred_at_index\` on \`audit_entries\` (\`company_id\`, \`actor_id\`, \`occurred_at\`)`,
    );
    this.addSql(
      `create index \`audit_entries_company_id_object_id_occurred_at_index\` on \`audit_entries\` (\`company_id\`, \`object_id\`, \`occurred_at\`)`,
    );
    this.addSql(
      `create index \`audit_entries_company_id_result_occurred_at_index\` on \`audit_entries\` (\`company_id\`, \`result\`, \`occurred_at\`)`,
    );
    this.addSql(
      `create unique index \`audit_entries_company_id_occurred_at_unique\` on \`audit_entries\` (\`company_id\`, \`occurred_at\`)`,
    );
    this.addSql(`create table \`audit_heads\` (
        \`company_id\` text not null primary key,
        \`number\` bigint not null,
        \`hash\` text not null,
        \`seal\` text not null,
        \`occurred_at\` datetime not null
      )`);
  }
}
