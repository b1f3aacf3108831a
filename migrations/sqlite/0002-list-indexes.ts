import { Migration } from '@mikro-orm/migrations';

/**
 * An index for every order of every list, to the id that breaks ties. What another index begins with goes: it costs each
 * write, and is of no use.
 */
export class ListIndexes extends Migration {
  override up(): void {
    this.addSql(create('history', 'company_id', 'object_id', 'id'));
    this.addSql(create('members', 'company_id', 'created_at', 'id'));
    this.addSql(create('projects', 'company_id', 'name', 'id'));
    this.addSql(create('projects', 'company_id', 'created_at', 'id'));
    this.addSql(create('tasks', 'company_id', 'project_id', 'title', 'id'));
    this.addSql(create('tasks', 'company_id', 'project_id', 'priority', 'id'));
    this.addSql(create('tasks', 'company_id', 'project_id', 'due_on', 'id'));
    this.addSql(create('tasks', 'company_id', 'project_id', 'created_at', 'id'));
    this.addSql(create('tasks', 'company_id', 'project_id', 'updated_at', 'id'));
    this.addSql(create('follows', 'company_id', 'created_at', 'id'));
    this.addSql('drop index `comments_company_id_task_id_index`');
    this.addSql('drop index `history_company_id_object_id_index`');
    this.addSql('drop index `project_permissions_company_id_project_id_index`');
    this.addSql('drop index `tasks_company_id_project_id_index`');
    this.addSql('drop index `tasks_company_id_project_id_due_on_index`');
    this.addSql('drop index `tasks_company_id_project_id_updated_at_index`');
  }
}

const create = (table: string, ...columns: string[]): string =>
  `create index \`${table}_${columns.join('_')}_index\` on \`${table}\` (${columns.map((column) => `\`${column}\``).join(', ')})`;
