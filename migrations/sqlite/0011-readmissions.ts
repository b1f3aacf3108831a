import { Migration } from '@mikro-orm/migrations';

/** When members were let in again. */
export class Readmissions extends Migration {
  override up(): void {
    this.addSql('alter table `members` add column `readmitted_at` datetime null');
  }
}
