import { Migration } from '@mikro-orm/migrations';

/** API keys, and what they write: tasks and comments by a program have no member as their author. */
export class ApiKeys extends Migration {
  override up(): void {
    this.addSql(`create table \`api_keys\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`name\` varchar(200) not null,
        \`scopes\` json not null,
        \`allowed_addresses\` json not null,
        \`created_by_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        \`expires_at\` datetime(3) not null,
        \`revoked_at\` datetime(3) null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`api_keys\` ${indexed('api_keys', 'company_id', 'created_at', 'id')},
      ${indexed('api_keys', 'company_id', 'created_by_id')},
      ${referring('api_keys', 'created_by_id', 'members')}`);
    this.addSql(`create table \`api_key_secrets\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`key_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`prefix\` varchar(60) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        \`expires_at\` datetime(3) null,
        primary key (\`company_id\`, \`hash\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`api_key_secrets\` ${indexed('api_key_secrets', 'company_id', 'key_id')},
      ${referring('api_key_secrets', 'key_id', 'api_keys')}`);
    for (const table of ['tasks', 'comments'])
      this.addSql(`alter table \`${table}\`
        modify \`author_id\` varchar(40) character set ascii collate ascii_bin null,
        add \`author_key_id\` varchar(40) character set ascii collate ascii_bin null,
        ${indexed(table, 'company_id', 'author_key_id')},
        ${referring(table, 'author_key_id', 'api_keys')}`);
  }
}

const indexed = (table: string, ...columns: string[]): string =>
  `add index \`${table}_${columns.join('_')}_index\` (${columns.map((column) => `\`${column}\``).join(', ')})`;

const referring = (table: string, column: string, target: string): string =>
  `add constraint \`${table}_company_id_${column}_foreign\` foreign key (\`company_id\`, \`${column}\`)
      references \`${target}\` (\`company_id\`, \`id\`) on update restrict on delete restrict`;
