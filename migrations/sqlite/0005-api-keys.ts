import { Migration } from '@mikro-orm/migrations';

/**
 * API keys, and what they write: tasks and comments by a program have no member as their author. SQLite cannot take a
 * column's NOT NULL away, so the two tables are made anew; the keys that lead to them are looked at when all is done.
 */
export class ApiKeys extends Migration {
  override up(): void {
    this.addSql(`create table \`api_keys\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`name\` text not null,
        \`scopes\` json not null,
        \`allowed_addresses\` json not null,
        \`created_by_id\` text not null,
        \`created_at\` datetime not null,
        \`expires_at\` datetime not null,
        \`revoked_at\` datetime null,
        primary key (\`company_id\`, \`id\`),
        constraint \`api_keys_company_id_created_by_id_foreign\` foreign key (\`company_id\`, \`created_by_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(index('api_keys', 'company_id', 'created_by_id'));
    this.addSql(index('api_keys', 'company_id', 'created_at', 'id'));
    this.addSql(`create table \`api_key_secrets\` (
        \`company_id\` text not null,
        \`hash\` text not null,
        \`key_id\` text not null,
        \`prefix\` text not null,
        \`created_at\` datetime not null,
        \`expires_at\` datetime null,
        primary key (\`company_id\`, \`hash\`),
        constraint \`api_key_secrets_company_id_key_id_foreign\` foreign key (\`company_id\`, \`key_id\`) references \`api_keys\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(index('api_key_secrets', 'company_id', 'key_id'));
    this.addSql('pragma defer_foreign_keys = on');
    this.addSql('create table `comments_before` as select * from `comments`');
    this.addSql('drop table `comments`');
    this.addSql('create table `tasks_before` as select * from `tasks`');
    this.addSql('drop table `tasks`');
    this.#makeTasks();
    this.addSql(copied('tasks', TASK_COLUMNS));
    this.addSql('drop table `tasks_before`');
    this.#makeComments();
    this.addSql(copied('comments', COMMENT_COLUMNS));
    this.addSql('drop table `comments_before`');
  }

  #makeTasks(): void {
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
        \`author_id\` text null,
        \`author_key_id\` text null,
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
        constraint \`tasks_company_id_author_key_id_foreign\` foreign key (\`company_id\`, \`author_key_id\`) references \`api_keys\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_owner_id_foreign\` foreign key (\`company_id\`, \`owner_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_solver_id_foreign\` foreign key (\`company_id\`, \`solver_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_member_id_foreign\` foreign key (\`company_id\`, \`awaited_member_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_project_id_foreign\` foreign key (\`company_id\`, \`awaited_project_id\`) references \`projects\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`tasks_company_id_awaited_task_id_foreign\` foreign key (\`company_id\`, \`awaited_task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(index('tasks', 'company_id', 'author_id'));
    this.addSql(index('tasks', 'company_id', 'author_key_id'));
    this.addSql(index('tasks', 'company_id', 'owner_id'));
    this.addSql(index('tasks', 'company_id', 'solver_id'));
    this.addSql(index('tasks', 'company_id', 'awaited_member_id'));
    this.addSql(index('tasks', 'company_id', 'awaited_project_id'));
    this.addSql(index('tasks', 'company_id', 'awaited_task_id'));
    this.addSql(index('tasks', 'company_id', 'project_id', 'status', 'number'));
    for (const column of ['title', 'priority', 'due_on', 'created_at', 'updated_at'])
      this.addSql(index('tasks', 'company_id', 'project_id', column, 'id'));
    this.addSql(
      'create unique index `tasks_company_id_project_id_number_unique` on `tasks` (`company_id`, `project_id`, `number`)',
    );
  }

  #makeComments(): void {
    this.addSql(`create table \`comments\` (
        \`company_id\` text not null,
        \`id\` text not null,
        \`task_id\` text not null,
        \`number\` integer not null,
        \`author_id\` text null,
        \`author_key_id\` text null,
        \`body\` text not null,
        \`privacy\` text not null default 'INTERNAL',
        \`created_at\` datetime not null,
        primary key (\`company_id\`, \`id\`),
        constraint \`comments_company_id_task_id_foreign\` foreign key (\`company_id\`, \`task_id\`) references \`tasks\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_author_id_foreign\` foreign key (\`company_id\`, \`author_id\`) references \`members\` (\`company_id\`, \`id\`) on update restrict on delete restrict,
        constraint \`comments_company_id_author_key_id_foreign\` foreign key (\`company_id\`, \`author_key_id\`) references \`api_keys\` (\`company_id\`, \`id\`) on update restrict on delete restrict
      )`);
    this.addSql(index('comments', 'company_id', 'author_id'));
    this.addSql(index('comments', 'company_id', 'author_key_id'));
    this.addSql(
      'create unique index `comments_company_id_task_id_number_unique` on `comments` (`company_id`, `task_id`, `number`)',
    );
  }
}

const TASK_COLUMNS = `company_id, id, project_id, number, title, description, privacy, status, status_before, priority, author_id, owner_id, solver_id, awaited_member_id, awaited_project_id, awaited_task_id, start_on, due_on, estimate_minutes, progress_percent, version, created_at, updated_at, closed_at, last_comment_number`;
const COMMENT_COLUMNS = 'company_id, id, task_id, number, author_id, body, privacy, created_at';

const copied = (table: string, columns: string): string =>
  `insert into \`${table}\` (${columns}) select ${columns} from \`${table}_before\``;

const index = (table: string, ...columns: string[]): string =>
  `create index \`${table}_${columns.join('_')}_index\` on \`${table}\` (${columns.map((column) => `\`${column}\``).join(', ')})`;
