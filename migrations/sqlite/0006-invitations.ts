import { Migration } from '@mikro-orm/migrations';

/**
 * Offers to become a member, and letters that wait to be sent: sealed, and counted by company and day. Addresses are
 * compared byte by byte, as those of users are.
 */
export class Invitations extends Migration {
  override up(): void {
    this.addSql(`create table \`letter_counts\` (
        \`company_id\` text not null primary key,
        \`day\` text not null,
        \`number\` integer not null
      )`);
    this.addSql(`create table \`invitations\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`email\` text not null,
        \`open_email\` text null,
        \`kind\` text not null,
        \`role\` text not null,
        \`note\` text not null default '',
        \`secret_hash\` text not null,
        \`status\` text not null default 'PENDING',
        \`invited_by_id\` text not null,
        \`issued_at\` datetime not null,
        \`expires_at\` datetime not null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`invitations_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict,
        constraint \`invitations_company_id_invited_by_id_foreign\` foreign key (\`company_id\`, \`invited_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`invitations_company_id_index\` on \`invitations\` (\`company_id\`)`);
    this.addSql(
      `create index \`invitations_company_id_created_at_id_index\` on \`invitations\` (\`company_id\`, \`created_at\`, \`id\`)`,
    );
    this.addSql(
      `create index \`invitations_company_id_invited_by_id_index\` on \`invitations\` (\`company_id\`, \`invited_by_id\`)`,
    );
    this.addSql(`create index \`invitations_email_index\` on \`invitations\` (\`email\`)`);
    this.addSql(
      `create unique index \`invitations_company_id_open_email_unique\` on \`invitations\` (\`company_id\`, \`open_email\`)`,
    );
    this.addSql(`create table \`letters\` (
        \`id\` text not null primary key,
        \`company_id\` text not null,
        \`kind\` text not null,
        \`sealed\` longtext not null,
        \`attempts\` integer not null default 0,
        \`due_at\` datetime not null,
        \`created_at\` datetime not null,
        constraint \`letters_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`letters_company_id_index\` on \`letters\` (\`company_id\`)`);
    this.addSql(`create index \`letters_due_at_index\` on \`letters\` (\`due_at\`)`);
  }
}
