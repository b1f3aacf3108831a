import { Migration } from '@mikro-orm/migrations';

/**
 * An index for every order of every list, to the id that breaks ties. What another index begins with goes: it costs each
 * write, and MySQL counts two indexes that both have the company for more than the one, merges them, and sorts. One
 * statement for each table, which is then gone through once.
 */
export class ListIndexes extends Migration {
  override up(): void {
    this.addSql(`alter table \`history\` ${add('history', 'company_id', 'object_id', 'id')},
      drop index \`history_company_id_object_id_index\``);
    this.addSql(`alter table \`members\` ${add('members', 'company_id', 'created_at', 'id')}`);
    this.addSql(`alter table \`projects\` ${add('projects', 'company_id', 'name', 'id')},
      ${add('projects', 'company_id', 'created_at', 'id')}`);
    this.addSql(`alter table \`tasks\` ${add('tasks', 'company_id', 'project_id', 'title', 'id')},
      ${add('tasks', 'company_id', 'project_id', 'priority', 'id')},
      ${add('tasks', 'company_id', 'project_id', 'due_on', 'id')},
      ${add('tasks', 'company_id', 'project_id', 'created_at', 'id')},
      ${add('tasks', 'company_id', 'project_id', 'updated_at', 'id')},
      drop index \`tasks_company_id_project_id_index\`,
      drop index \`tasks_company_id_project_id_due_on_index\`,
      drop index \`tasks_company_id_project_id_updated_at_index\``);
    this.addSql(`alter table \`comments\` drop index \`comments_company_id_task_id_index\``);
    this.addSql(`alter table \`project_permissions\` drop index \`project_permissions_company_id_project_id_index\``);
    this.addSql(`alter table \`follows\` ${add('follows', 'company_id', 'created_at', 'id')}`);
  }
}

const add = (table: string, ...columns: string[]): string =>
  `add index \`${table}_${columns.join('_')}_index\` (${columns.map((column) => `\`${column}\``).join(', ')})`;
