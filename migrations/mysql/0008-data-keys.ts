import { Migration } from '@mikro-orm/migrations';

/** The keys that companies' secrets are sealed with, each wrapped by a key that is elsewhere. */
export class DataKeys extends Migration {
  override up(): void {
    this.addSql(`create table \`data_keys\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`generation\` int unsigned not null,
        \`wrapped\` text character set ascii collate ascii_bin not null,
        \`key_name\` varchar(127) character set ascii collate ascii_bin not null,
        \`key_version\` varchar(64) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        \`retired_at\` datetime(3) null,
        primary key (\`company_id\`, \`generation\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
  }
}
