import { Migration } from '@mikro-orm/migrations';

/** The tables of the beginning. */
export class Initial extends Migration {
  override up(): void {
    this.addSql(`create table \`companies\` (
        \`id\` text not null primary key,
        \`name\` text not null,
        \`created_at\` datetime not null
      )`);
    this.addSql(`create table \`events\` (
        \`company_id\` text not null,
        \`seq\` bigint not null,
        \`type\` text not null,
        \`object_id\` text not null,
        \`data\` json not null,
        \`occurred_at\` datetime not null,
        primary key (\`company_id\`, \`seq\`)
      )`);
    this.addSql(`create index \`events_occurred_at_index\` on \`events\` (\`occurred_at\`)`);
    this.addSql(`create table \`history\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`object_id\` text not null,
        \`type\` text not null,
        \`actor_id\` text null,
        \`entry_point\` text not null,
        \`changes\` json not null,
        \`occurred_at\` datetime not null,
        primary key (\`company_id\`, \`id\`)
      )`);
    this.addSql(`create index \`history_company_id_object_id_index\` on \`history\` (\`company_id\`, \`object_id\`)`);
    this.addSql(`create table \`log_heads\` (
        \`company_id\` text not null primary key,
        \`seq\` bigint not null default '0'
      )`);
    this.addSql(`create table \`users\` (
        \`id\` text not null primary key,
        \`email\` text not null,
        \`name\` text not null,
        \`created_at\` datetime not null
      )`);
    this.addSql(`create unique index \`users_email_unique\` on \`users\` (\`email\`)`);
    this.addSql(`create table \`personal_views\` (
        \`user_id\` text not null,
        \`id\` text not null,
        \`name\` text not null,
        \`filter\` json not null,
        \`created_at\` datetime not null,
        primary key (\`user_id\`, \`id\`),
        constraint \`personal_views_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`personal_views_user_id_index\` on \`personal_views\` (\`user_id\`)`);
    this.addSql(`create table \`members\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`user_id\` text not null,
        \`role\` text not null default 'MEMBER',
        \`kind\` text not null default 'INTERNAL',
        \`licensed_as_internal\` integer not null default false,
        \`deactivated_at\` datetime null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`members_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict,
        constraint \`members_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`members_company_id_index\` on \`members\` (\`company_id\`)`);
    this.addSql(`create index \`members_user_id_index\` on \`members\` (\`user_id\`)`);
    this.addSql(
      `create unique index \`members_company_id_user_id_unique\` on \`members\` (\`company_id\`, \`user_id\`)`,
    );
    this.addSql(`create table \`user_identities\` (
        \`issuer\` text not null,
        \`subject\` text not null,
        \`user_id\` text not null,
        \`created_at\` datetime not null,
        primary key (\`issuer\`, \`subject\`),
        constraint \`user_identities_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`user_identities_user_id_index\` on \`user_identities\` (\`user_id\`)`);
    this.addSql(`create table \`user_preferences\` (
        \`user_id\` text not null,
        \`id\` text not null,
        \`locale\` text not null default 'en',
        \`time_zone\` text not null default 'UTC',
        \`default_view_id\` text null,
        primary key (\`user_id\`, \`id\`),
        constraint \`user_preferences_user_id_foreign\` foreign key (\`user_id\`) references \`users\` (\`id\`) on update restrict on delete restrict,
        constraint \`user_preferences_user_id_default_view_id_foreign\` foreign key (\`user_id\`, \`default_view_id\`) references \`personal_views\` (\`user_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`user_preferences_user_id_index\` on \`user_preferences\` (\`user_id\`)`);
    this.addSql(
      `create index \`user_preferences_user_id_default_view_id_index\` on \`user_preferences\` (\`user_id\`, \`default_view_id\`)`,
    );
    this.addSql(`create unique index \`user_preferences_user_id_unique\` on \`user_preferences\` (\`user_id\`)`);
    this.addSql(`create table \`workspaces\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`name\` text not null,
        \`closing_policy\` text not null default 'ANY_INTERNAL',
        primary key (\`company_id\`, \`id\`),
        constraint \`workspaces_company_id_foreign\` foreign key (\`company_id\`) references \`companies\` (\`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`workspaces_company_id_index\` on \`workspaces\` (\`company_id\`)`);
    this.addSql(`create table \`projects\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`workspace_id\` text not null,
        \`key\` text not null,
        \`name\` text not null,
        \`description\` text not null default '',
        \`manager_id\` text not null,
        \`status\` text not null default 'PLANNED',
        \`visibility\` text not null default 'MEMBERS',
        \`created_at\` datetime not null,
        \`last_task_number\` integer not null default 0,
        primary key (\`company_id\`, \`id\`),
        constraint \`projects_company_id_workspace_id_foreign\` foreign key (\`company_id\`, \`workspace_id\`) references \`workspaces\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`projects_company_id_manager_id_foreign\` foreign key (\`company_id\`, \`manager_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(
      `create index \`projects_company_id_workspace_id_index\` on \`projects\` (\`company_id\`, \`workspace_id\`)`,
    );
    this.addSql(
      `create index \`projects_company_id_manager_id_index\` on \`projects\` (\`company_id\`, \`manager_id\`)`,
    );
    this.addSql(`create unique index \`projects_company_id_key_unique\` on \`projects\` (\`company_id\`, \`key\`)`);
    this.addSql(`create table \`tasks\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`project_id\` text not null,
        \`number\` integer not null,
        \`title\` text not null,
        \`description\` text not null default '',
        \`privacy\` text not null default 'INTERNAL',
        \`status\` text not null default 'NEW',
        \`status_before\` text null,
        \`priority\` smallint not null default 2,
        \`author_id\` text not null,
        \`owner_id\` text not null,
        \`solver_id\` text null,
        \`awaited_member_id\` text null,
        \`awaited_project_id\` text null,
        \`awaited_task_id\` text null,
        \`start_on\` date null,
        \`due_on\` date null,
        \`estimate_minutes\` integer null,
        \`progress_percent\` integer not null default 0,
        \`version\` integer not null default 1,
        \`created_at\` datetime not null,
        \`updated_at\` datetime not null,
        \`closed_at\` datetime null,
        \`last_comment_number\` integer not null default 0,
        primary key (\`company_id\`, \`id\`),
        constraint \`tasks_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_owner_id_foreign\` foreign key (\`company_id\`, \`owner_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_solver_id_foreign\` foreign key (\`company_id\`, \`solver_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_member_id_foreign\` foreign key (\`company_id\`, \`awaited_member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_project_id_foreign\` foreign key (\`company_id\`, \`awaited_project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_task_id_foreign\` foreign key (\`company_id\`, \`awaited_task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`tasks_company_id_solver_id_index\` on \`tasks\` (\`company_id\`, \`solver_id\`)`);
    this.addSql(
      `create index \`tasks_company_id_project_id_due_on_index\` on \`tasks\` (\`company_id\`, \`project_id\`, \`due_on\`)`,
    );
    this.addSql(
      `create index \`tasks_company_id_project_id_updated_at_index\` on \`tasks\` (\`company_id\`, \`project_id\`, \`updated_at\`)`,
    );
    this.addSql(
      `create index \`tasks_company_id_project_id_status_number_index\` on \`tasks\` (\`company_id\`, \`project_id\`, \`status\`, \`number\`)`,
    );
    this.addSql(`create index \`tasks_company_id_project_id_index\` on \`tasks\` (\`company_id\`, \`project_id\`)`);
    this.addSql(`create index \`tasks_company_id_author_id_index\` on \`tasks\` (\`company_id\`, \`author_id\`)`);
    this.addSql(`create index \`tasks_company_id_owner_id_index\` on \`tasks\` (\`company_id\`, \`owner_id\`)`);
    this.addSql(
      `create index \`tasks_company_id_awaited_member_id_index\` on \`tasks\` (\`company_id\`, \`awaited_member_id\`)`,
    );
    this.addSql(
      `create index \`tasks_company_id_awaited_project_id_index\` on \`tasks\` (\`company_id\`, \`awaited_project_id\`)`,
    );
    this.addSql(
      `create index \`tasks_company_id_awaited_task_id_index\` on \`tasks\` (\`company_id\`, \`awaited_task_id\`)`,
    );
    this.addSql(
      `create unique index \`tasks_company_id_project_id_number_unique\` on \`tasks\` (\`company_id\`, \`project_id\`, \`number\`)`,
    );
    this.addSql(`create table \`follows\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`object_kind\` text not null default 'TASK',
        \`task_id\` text not null,
        \`label\` text not null default '',
        \`secret_hash\` text not null,
        \`granted_by_id\` text not null,
        \`expires_at\` datetime null,
        \`revoked_at\` datetime null,
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`follows_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`follows_company_id_granted_by_id_foreign\` foreign key (\`company_id\`, \`granted_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`follows_company_id_task_id_index\` on \`follows\` (\`company_id\`, \`task_id\`)`);
    this.addSql(
      `create index \`follows_company_id_granted_by_id_index\` on \`follows\` (\`company_id\`, \`granted_by_id\`)`,
    );
    this.addSql(
      `create unique index \`follows_company_id_secret_hash_unique\` on \`follows\` (\`company_id\`, \`secret_hash\`)`,
    );
    this.addSql(`create table \`comments\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`task_id\` text not null,
        \`number\` integer not null,
        \`author_id\` text not null,
        \`body\` text not null,
        \`privacy\` text not null default 'INTERNAL',
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`comments_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(`create index \`comments_company_id_task_id_index\` on \`comments\` (\`company_id\`, \`task_id\`)`);
    this.addSql(`create index \`comments_company_id_author_id_index\` on \`comments\` (\`company_id\`, \`author_id\`)`);
    this.addSql(
      `create unique index \`comments_company_id_task_id_number_unique\` on \`comments\` (\`company_id\`, \`task_id\`, \`number\`)`,
    );
    this.addSql(`create table \`project_permissions\` (
        \`company_id\` text not null,
        \`project_id\` text not null,
        \`member_id\` text not null,
        \`level\` text not null,
        \`as_internal\` integer not null default false,
        primary key (\`company_id\`, \`project_id\`, \`member_id\`),
        constraint \`project_permissions_company_id_project_id_foreign\` foreign key (\`company_id\`, \`project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`project_permissions_company_id_member_id_foreign\` foreign key (\`company_id\`, \`member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(
      `create index \`project_permissions_company_id_project_id_index\` on \`project_permissions\` (\`company_id\`, \`project_id\`)`,
    );
    this.addSql(
      `create index \`project_permissions_company_id_member_id_index\` on \`project_permissions\` (\`company_id\`, \`member_id\`)`,
    );
  }
}
