import { Migration } from '@mikro-orm/migrations';

/** Who came in by a follow, what it shows and asks of them, who may grant one, and comments that followers wrote. */
export class Followers extends Migration {
  override up(): void {
    this.addSql('alter table `project_permissions` add `can_share` tinyint(1) not null default false');
    this.addSql(`alter table \`follows\`
        modify \`task_id\` varchar(40) character set ascii collate ascii_bin null,
        add \`project_id\` varchar(40) character set ascii collate ascii_bin null,
        add \`password_hash\` varchar(200) character set ascii collate ascii_bin null,
        add \`max_followers\` int null,
        add \`can_comment\` tinyint(1) not null default false,
        add \`follower_count\` int not null default 0,
        add index \`follows_company_id_project_id_index\` (\`company_id\`, \`project_id\`),
        add index \`follows_company_id_granted_by_id_created_at_id_index\` (\`company_id\`, \`granted_by_id\`, \`created_at\`, \`id\`),
        drop index \`follows_company_id_granted_by_id_index\``);
    this.addSql(
      `alter table \`follows\` add constraint \`follows_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
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
