import { Migration } from '@mikro-orm/migrations';

/**
 * Offers to become a member, and letters that wait to be sent: sealed, and counted by company and day. Addresses are
 * compared byte by byte, as those of users are.
 */
export class Invitations extends Migration {
  override up(): void {
    this.addSql(`create table \`letter_counts\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`day\` varchar(10) character set ascii collate ascii_bin not null,
        \`number\` int not null,
        primary key (\`company_id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`create table \`invitations\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`email\` varchar(254) collate utf8mb4_bin not null,
        \`open_email\` varchar(254) collate utf8mb4_bin null,
        \`kind\` varchar(20) not null,
        \`role\` varchar(20) not null,
        \`note\` varchar(500) not null default '',
        \`secret_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`status\` varchar(20) not null default 'PENDING',
        \`invited_by_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`issued_at\` datetime(3) not null,
        \`expires_at\` datetime(3) not null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`invitations\` add index \`invitations_company_id_index\` (\`company_id\`)`);
    this.addSql(
      `alter table \`invitations\` add index \`invitations_company_id_created_at_id_index\` (\`company_id\`, \`created_at\`, \`id\`)`,
    );
    this.addSql(
      `alter table \`invitations\` add index \`invitations_company_id_invited_by_id_index\` (\`company_id\`, \`invited_by_id\`)`,
    );
    this.addSql(`alter table \`invitations\` add index \`invitations_email_index\` (\`email\`)`);
    this.addSql(
      `alter table \`invitations\` add unique \`invitations_company_id_open_email_unique\` (\`company_id\`, \`open_email\`)`,
    );
    this.addSql(`create table \`letters\` (
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`kind\` varchar(40) not null,
        \`sealed\` longtext character set ascii collate ascii_bin not null,
        \`attempts\` int not null default 0,
        \`due_at\` datetime(3) not null,
        \`created_at\` datetime(3) not null,
        primary key (\`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`letters\` add index \`letters_company_id_index\` (\`company_id\`)`);
    this.addSql(`alter table \`letters\` add index \`letters_due_at_index\` (\`due_at\`)`);
    this.addSql(
      `alter table \`invitations\` add constraint \`invitations_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`invitations\` add constraint \`invitations_company_id_invited_by_id_foreign\` foreign key (\`company_id\`, \`invited_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`letters\` add constraint \`letters_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict`,
    );
  }
}
