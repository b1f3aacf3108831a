import { Migration } from '@mikro-orm/migrations';

/** Who came in by a follow, what its grant asks of them, and comments that they wrote. */
export class Followers extends Migration {
  override up(): void {
    this.addSql(`alter table \`follows\`
        add \`password_hash\` varchar(200) character set ascii collate ascii_bin null,
        add \`max_followers\` int null,
        add \`can_comment\` tinyint(1) not null default false,
        add \`follower_count\` int not null default 0`);
    this.addSql(`create table \`followers\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`follow_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`renewal_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        \`ended_at\` datetime(3) null,
        \`email\` varchar(254) null,
        \`email_hash\` varchar(64) character set ascii collate ascii_bin null,
        \`invited_at\` datetime(3) null,
        \`confirmed_at\` datetime(3) null,
        \`unsubscribed_at\` datetime(3) null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`followers\` add index \`followers_company_id_follow_id_created_at_id_index\` (\`company_id\`, \`follow_id\`, \`created_at\`, \`id\`)`,
    );
    this.addSql(
      `alter table \`followers\` add unique \`followers_company_id_renewal_hash_unique\` (\`company_id\`, \`renewal_hash\`)`,
    );
    this.addSql(
      `alter table \`followers\` add unique \`followers_company_id_follow_id_email_hash_unique\` (\`company_id\`, \`follow_id\`, \`email_hash\`)`,
    );
    this.addSql(
      `alter table \`followers\` add constraint \`followers_company_id_follow_id_foreign\` foreign key (\`company_id\`, \`follow_id\`) references \`follows\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(`alter table \`comments\`
        add \`follower_id\` varchar(40) character set ascii collate ascii_bin null,
        add \`follower_name\` varchar(80) null`);
    this.addSql(
      `alter table \`comments\` add index \`comments_company_id_follower_id_created_at_index\` (\`company_id\`, \`follower_id\`, \`created_at\`)`,
    );
    this.addSql(
      `alter table \`comments\` add constraint \`comments_company_id_follower_id_foreign\` foreign key (\`company_id\`, \`follower_id\`) references \`followers\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
  }
}
