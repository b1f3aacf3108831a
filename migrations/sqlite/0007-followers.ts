import { Migration } from '@mikro-orm/migrations';

/** Who came in by a follow, what its grant asks of them, and comments that they wrote. */
export class Followers extends Migration {
  override up(): void {
    this.addSql('alter table `follows` add column `password_hash` text null');
    this.addSql('alter table `follows` add column `max_followers` integer null');
    this.addSql('alter table `follows` add column `can_comment` integer not null default false');
    this.addSql('alter table `follows` add column `follower_count` integer not null default 0');
    this.addSql(`create table \`followers\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`follow_id\` text not null,
        \`renewal_hash\` text not null,
        \`created_at\` datetime not null,
        \`ended_at\` datetime null,
        \`email\` text null,
        \`email_hash\` text null,
        \`invited_at\` datetime null,
        \`confirmed_at\` datetime null,
        \`unsubscribed_at\` datetime null,
        primary key (\`company_id\`, \`id\`),
        constraint \`followers_company_id_follow_id_foreign\` foreign key (\`company_id\`, \`follow_id\`) references \`follows\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(
      'create index `followers_company_id_follow_id_created_at_id_index` on `followers` (`company_id`, `follow_id`, `created_at`, `id`)',
    );
    this.addSql(
      'create unique index `followers_company_id_renewal_hash_unique` on `followers` (`company_id`, `renewal_hash`)',
    );
    this.addSql(
      'create unique index `followers_company_id_follow_id_email_hash_unique` on `followers` (`company_id`, `follow_id`, `email_hash`)',
    );
    this.rebuildComments();
  }

  /** SQLite cannot add a key of two columns to a table that is there. */
  private rebuildComments(): void {
    this.addSql('alter table `comments` rename to `comments_old`');
    this.addSql(`create table \`comments\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`task_id\` text not null,
        \`number\` integer not null,
        \`author_id\` text null,
        \`author_key_id\` text null,
        \`follower_id\` text null,
        \`follower_name\` text null,
        \`body\` text not null,
        \`privacy\` text not null default 'INTERNAL',
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`comments_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_author_key_id_foreign\` foreign key (\`company_id\`, \`author_key_id\`) references \`api_keys\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_follower_id_foreign\` foreign key (\`company_id\`, \`follower_id\`) references \`followers\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`insert into \`comments\` (\`company_id\`, \`id\`, \`task_id\`, \`number\`, \`author_id\`, \`author_key_id\`, \`body\`, \`privacy\`, \`created_at\`)
        select \`company_id\`, \`id\`, \`task_id\`, \`number\`, \`author_id\`, \`author_key_id\`, \`body\`, \`privacy\`, \`created_at\` from \`comments_old\``);
    this.addSql('drop table `comments_old`');
    this.addSql('create index `comments_company_id_author_id_index` on `comments` (`company_id`, `author_id`)');
    this.addSql('create index `comments_company_id_author_key_id_index` on `comments` (`company_id`, `author_key_id`)');
    this.addSql(
      'create index `comments_company_id_follower_id_created_at_index` on `comments` (`company_id`, `follower_id`, `created_at`)',
    );
    this.addSql(
      'create unique index `comments_company_id_task_id_number_unique` on `comments` (`company_id`, `task_id`, `number`)',
    );
  }
}
