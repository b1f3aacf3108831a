import { Migration } from '@mikro-orm/migrations';

/** Who came in by a follow, what it shows and asks of them, who may grant one, and comments that followers wrote. */
export class Followers extends Migration {
  override up(): void {
    this.addSql('alter table `project_permissions` add column `can_share` integer not null default false');
    this.rebuildFollows();
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

  /** SQLite cannot let a column of a table that is there be null, nor add a key of two columns to it. */
  private rebuildFollows(): void {
    this.addSql('alter table `follows` rename to `follows_old`');
    this.addSql(`create table \`follows\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`object_kind\` text not null default 'TASK',
        \`task_id\` text null,
        \`project_id\` text null,
        \`label\` text not null default '',
        \`secret_hash\` text not null,
        \`granted_by_id\` text not null,
        \`expires_at\` datetime null,
        \`revoked_at\` datetime null,
        \`created_at\` datetime not null,
        \`password_hash\` text null,
        \`max_followers\` integer null,
        \`can_comment\` integer not null default false,
        \`follower_count\` integer not null default 0,
        primary key (\`company_id\`, \`id\`),
        constraint \`follows_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`follows_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`follows_company_id_granted_by_id_foreign\` foreign key (\`company_id\`, \`granted_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`insert into \`follows\` (\`company_id\`, \`id\`, \`object_kind\`, \`task_id\`, \`label\`, \`secret_hash\`, \`granted_by_id\`, \`expires_at\`, \`revoked_at\`, \`created_at\`)
        select \`company_id\`, \`id\`, \`object_kind\`, \`task_id\`, \`label\`, \`secret_hash\`, \`granted_by_id\`, \`expires_at\`, \`revoked_at\`, \`created_at\` from \`follows_old\``);
    this.addSql('drop table `follows_old`');
    this.addSql('create index `follows_company_id_task_id_index` on `follows` (`company_id`, `task_id`)');
    this.addSql('create index `follows_company_id_project_id_index` on `follows` (`company_id`, `project_id`)');
    this.addSql(
      'create index `follows_company_id_granted_by_id_created_at_id_index` on `follows` (`company_id`, `granted_by_id`, `created_at`, `id`)',
    );
    this.addSql(
      'create index `follows_company_id_created_at_id_index` on `follows` (`company_id`, `created_at`, `id`)',
    );
    this.addSql(
      'create unique index `follows_company_id_secret_hash_unique` on `follows` (`company_id`, `secret_hash`)',
    );
  }

  /** The same of comments. */
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
