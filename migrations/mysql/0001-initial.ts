import { Migration } from '@mikro-orm/migrations';

/**
 * The tables of the beginning. Ids are compared byte by byte; so are addresses and the issuers' subjects, where a
 * collation that forgives case or accents would take one person for another.
 */
export class Initial extends Migration {
  override up(): void {
    this.addSql(`create table \`companies\` (
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`name\` varchar(200) not null,
        \`created_at\` datetime(3) not null,
        primary key (\`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`create table \`events\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`seq\` bigint unsigned not null,
        \`type\` varchar(60) not null,
        \`object_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`data\` json not null,
        \`occurred_at\` datetime(3) not null,
        primary key (\`company_id\`, \`seq\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`events\` add index \`events_occurred_at_index\` (\`occurred_at\`)`);
    this.addSql(`create table \`history\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`object_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`type\` varchar(60) not null,
        \`actor_id\` varchar(40) character set ascii collate ascii_bin null,
        \`entry_point\` varchar(20) not null,
        \`changes\` json not null,
        \`occurred_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`history\` add index \`history_company_id_object_id_index\` (\`company_id\`, \`object_id\`)`,
    );
    this.addSql(`create table \`log_heads\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`seq\` bigint not null default '0',
        primary key (\`company_id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`create table \`users\` (
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`email\` varchar(254) collate utf8mb4_bin not null,
        \`name\` varchar(200) not null,
        \`created_at\` datetime(3) not null,
        primary key (\`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`users\` add unique \`users_email_unique\` (\`email\`)`);
    this.addSql(`create table \`personal_views\` (
        \`user_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`name\` varchar(200) not null,
        \`filter\` json not null,
        \`created_at\` datetime(3) not null,
        primary key (\`user_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`personal_views\` add index \`personal_views_user_id_index\` (\`user_id\`)`);
    this.addSql(`create table \`members\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`user_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`role\` varchar(20) not null default 'MEMBER',
        \`kind\` varchar(20) not null default 'INTERNAL',
        \`licensed_as_internal\` tinyint(1) not null default false,
        \`deactivated_at\` datetime(3) null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`members\` add index \`members_company_id_index\` (\`company_id\`)`);
    this.addSql(`alter table \`members\` add index \`members_user_id_index\` (\`user_id\`)`);
    this.addSql(
      `alter table \`members\` add unique \`members_company_id_user_id_unique\` (\`company_id\`, \`user_id\`)`,
    );
    this.addSql(`create table \`user_identities\` (
        \`issuer\` varchar(255) character set ascii collate ascii_bin not null,
        \`subject\` varchar(255) character set ascii collate ascii_bin not null,
        \`user_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`created_at\` datetime(3) not null,
        primary key (\`issuer\`, \`subject\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`user_identities\` add index \`user_identities_user_id_index\` (\`user_id\`)`);
    this.addSql(`create table \`user_preferences\` (
        \`user_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`locale\` varchar(35) not null default 'en',
        \`time_zone\` varchar(64) not null default 'UTC',
        \`default_view_id\` varchar(40) character set ascii collate ascii_bin null,
        primary key (\`user_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`user_preferences\` add index \`user_preferences_user_id_index\` (\`user_id\`)`);
    this.addSql(
      `alter table \`user_preferences\` add index \`user_preferences_user_id_default_view_id_index\` (\`user_id\`, \`default_view_id\`)`,
    );
    this.addSql(`alter table \`user_preferences\` add unique \`user_preferences_user_id_unique\` (\`user_id\`)`);
    this.addSql(`create table \`workspaces\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`name\` varchar(200) not null,
        \`closing_policy\` varchar(20) not null default 'ANY_INTERNAL',
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`workspaces\` add index \`workspaces_company_id_index\` (\`company_id\`)`);
    this.addSql(`create table \`projects\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`workspace_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`key\` varchar(10) not null,
        \`name\` varchar(200) not null,
        \`description\` text not null default (''),
        \`manager_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`status\` varchar(20) not null default 'PLANNED',
        \`visibility\` varchar(20) not null default 'MEMBERS',
        \`created_at\` datetime(3) not null,
        \`last_task_number\` int not null default 0,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`projects\` add index \`projects_company_id_workspace_id_index\` (\`company_id\`, \`workspace_id\`)`,
    );
    this.addSql(
      `alter table \`projects\` add index \`projects_company_id_manager_id_index\` (\`company_id\`, \`manager_id\`)`,
    );
    this.addSql(`alter table \`projects\` add unique \`projects_company_id_key_unique\` (\`company_id\`, \`key\`)`);
    this.addSql(`create table \`tasks\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`project_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`number\` int not null,
        \`title\` varchar(300) not null,
        \`description\` text not null default (''),
        \`privacy\` varchar(10) not null default 'INTERNAL',
        \`status\` varchar(30) not null default 'NEW',
        \`status_before\` varchar(30) null,
        \`priority\` smallint not null default 2,
        \`author_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`owner_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`solver_id\` varchar(40) character set ascii collate ascii_bin null,
        \`awaited_member_id\` varchar(40) character set ascii collate ascii_bin null,
        \`awaited_project_id\` varchar(40) character set ascii collate ascii_bin null,
        \`awaited_task_id\` varchar(40) character set ascii collate ascii_bin null,
        \`start_on\` date null,
        \`due_on\` date null,
        \`estimate_minutes\` int null,
        \`progress_percent\` int not null default 0,
        \`version\` int not null default 1,
        \`created_at\` datetime(3) not null,
        \`updated_at\` datetime(3) not null,
        \`closed_at\` datetime(3) null,
        \`last_comment_number\` int not null default 0,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`tasks\` add index \`tasks_company_id_solver_id_index\` (\`company_id\`, \`solver_id\`)`);
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_project_id_due_on_index\` (\`company_id\`, \`project_id\`, \`due_on\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_project_id_updated_at_index\` (\`company_id\`, \`project_id\`, \`updated_at\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_project_id_status_number_index\` (\`company_id\`, \`project_id\`, \`status\`, \`number\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_project_id_index\` (\`company_id\`, \`project_id\`)`,
    );
    this.addSql(`alter table \`tasks\` add index \`tasks_company_id_author_id_index\` (\`company_id\`, \`author_id\`)`);
    this.addSql(`alter table \`tasks\` add index \`tasks_company_id_owner_id_index\` (\`company_id\`, \`owner_id\`)`);
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_awaited_member_id_index\` (\`company_id\`, \`awaited_member_id\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_awaited_project_id_index\` (\`company_id\`, \`awaited_project_id\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add index \`tasks_company_id_awaited_task_id_index\` (\`company_id\`, \`awaited_task_id\`)`,
    );
    this.addSql(
      `alter table \`tasks\` add unique \`tasks_company_id_project_id_number_unique\` (\`company_id\`, \`project_id\`, \`number\`)`,
    );
    this.addSql(`create table \`follows\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`object_kind\` varchar(20) not null default 'TASK',
        \`task_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`label\` varchar(200) not null default '',
        \`secret_hash\` varchar(64) character set ascii collate ascii_bin not null,
        \`granted_by_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`expires_at\` datetime(3) null,
        \`revoked_at\` datetime(3) null,
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(`alter table \`follows\` add index \`follows_company_id_task_id_index\` (\`company_id\`, \`task_id\`)`);
    this.addSql(
      `alter table \`follows\` add index \`follows_company_id_granted_by_id_index\` (\`company_id\`, \`granted_by_id\`)`,
    );
    this.addSql(
      `alter table \`follows\` add unique \`follows_company_id_secret_hash_unique\` (\`company_id\`, \`secret_hash\`)`,
    );
    this.addSql(`create table \`comments\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`id\` varchar(40) character set ascii collate ascii_bin not null,
        \`task_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`number\` int not null,
        \`author_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`body\` text not null,
        \`privacy\` varchar(10) not null default 'INTERNAL',
        \`created_at\` datetime(3) not null,
        primary key (\`company_id\`, \`id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`comments\` add index \`comments_company_id_task_id_index\` (\`company_id\`, \`task_id\`)`,
    );
    this.addSql(
      `alter table \`comments\` add index \`comments_company_id_author_id_index\` (\`company_id\`, \`author_id\`)`,
    );
    this.addSql(
      `alter table \`comments\` add unique \`comments_company_id_task_id_number_unique\` (\`company_id\`, \`task_id\`, \`number\`)`,
    );
    this.addSql(`create table \`project_permissions\` (
        \`company_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`project_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`member_id\` varchar(40) character set ascii collate ascii_bin not null,
        \`level\` varchar(10) not null,
        \`as_internal\` tinyint(1) not null default false,
        primary key (\`company_id\`, \`project_id\`, \`member_id\`)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci engine = InnoDB`);
    this.addSql(
      `alter table \`project_permissions\` add index \`project_permissions_company_id_project_id_index\` (\`company_id\`, \`project_id\`)`,
    );
    this.addSql(
      `alter table \`project_permissions\` add index \`project_permissions_company_id_member_id_index\` (\`company_id\`, \`member_id\`)`,
    );
    this.addSql(
      `alter table \`personal_views\` add constraint \`personal_views_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`members\` add constraint \`members_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`members\` add constraint \`members_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`user_identities\` add constraint \`user_identities_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`user_preferences\` add constraint \`user_preferences_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`user_preferences\` add constraint \`user_preferences_user_id_default_view_id_foreign\` foreign key (\`user_id\`, \`default_view_id\`) references \`personal_views\` (\`user_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`workspaces\` add constraint \`workspaces_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`projects\` add constraint \`projects_company_id_workspace_id_foreign\` foreign key (\`company_id\`, \`workspace_id\`) references \`workspaces\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`projects\` add constraint \`projects_company_id_manager_id_foreign\` foreign key (\`company_id\`, \`manager_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_owner_id_foreign\` foreign key (\`company_id\`, \`owner_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_solver_id_foreign\` foreign key (\`company_id\`, \`solver_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_awaited_member_id_foreign\` foreign key (\`company_id\`, \`awaited_member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_awaited_project_id_foreign\` foreign key (\`company_id\`, \`awaited_project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`tasks\` add constraint \`tasks_company_id_awaited_task_id_foreign\` foreign key (\`company_id\`, \`awaited_task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`follows\` add constraint \`follows_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`follows\` add constraint \`follows_company_id_granted_by_id_foreign\` foreign key (\`company_id\`, \`granted_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`comments\` add constraint \`comments_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`comments\` add constraint \`comments_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`project_permissions\` add constraint \`project_permissions_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
    this.addSql(
      `alter table \`project_permissions\` add constraint \`project_permissions_company_id_member_id_foreign\` foreign key (\`company_id\`, \`member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict`,
    );
  }
}
