import { Migration } from '@mikro-orm/migrations';

/** What came of commands that were sent with a key. All but the time is ours: fingerprints, and what is sealed. */
export class Idempotency extends Migration {
  override up(): void {
    this.addSql(`create table \`idempotency_records\` (
        \`company_id\` text not null,
        \`key_hash\` text not null,
        \`field_hash\` text not null,
        \`body_hash\` text not null,
        \`outcome\` longtext null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`key_hash\`, \`field_hash\`)
      )`);
    this.addSql(
      `create index \`idempotency_records_company_id_created_at_index\` on \`idempotency_records\` (\`company_id\`, \`created_at\`)`,
    );
    this.addSql(`create table \`user_idempotency_records\` (
        \`user_id\` text not null,
        \`key_hash\` text not null,
        \`field_hash\` text not null,
        \`body_hash\` text not null,
        \`outcome\` longtext null,
        \`created_at\` datetime not null,
        primary key (\`user_id\`, \`key_hash\`, \`field_hash\`)
      )`);
    this.addSql(
      `create index \`user_idempotency_records_user_id_created_at_index\` on \`user_idempotency_records\` (\`user_id\`, \`created_at\`)`,
    );
  }
}
