import { Migration } from '@mikro-orm/migrations';

/** The keys that companies' secrets are sealed with, each wrapped by a key that is elsewhere. */
export class DataKeys extends Migration {
  override up(): void {
    this.addSql(`create table \`data_keys\` (
        \`company_id\` text not null,
        \`generation\` integer not null,
        \`wrapped\` text not null,
        \`key_name\` text not null,
        \`key_version\` text not null,
        \`created_at\` datetime not null,
        \`retired_at\` datetime null,
        primary key (\`company_id\`, \`generation\`)
      )`);
  }
}
