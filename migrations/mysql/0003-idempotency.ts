import { Migration } from '@mikro-orm/migrations';

/** What came of commands that were sent with a key. All but the time is ours: fingerprints, and what is sealed. */
export class Idempotency extends Migration {
  override up(): void {
    this.addSql(`create table \`idempotency_records\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`key_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`field_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`body_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`outcome\` longtext character set ascii collate ascii_bin null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`key_hash\`, \`field_hash\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`idempotency_records\` add index \`idempotency_records_company_id_created_at_index\` (\`company_id\`, \`created_at\`)`,
    );
    this.addSql(`create table \`user_idempotency_records\` (
        \`user_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`key_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`field_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`body_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`outcome\` longtext character set ascii collate ascii_bin null,
        \`created_at\` datetime(3) not null,
        primary key (\`user_id\`, \`key_hash\`, \`field_hash\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`user_idempotency_records\` add index \`user_idempotency_records_user_id_created_at_index\` (\`user_id\`, \`created_at\`)`,
    );
  }
}
