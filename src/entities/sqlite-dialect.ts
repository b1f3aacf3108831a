import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { SqliteDialect } from 'kysely';

/** How long a statement waits for another process that has the file. */
const BUSY_MS = 5_000;
/**
 * A transaction takes the file's write lock when it begins, and waits for it. Who has read first could not: SQLite turns out at
 * once whoever wants to write and has read what another process is writing.
 */
const BEGIN = 'begin immediate';

/** The SQLite that comes with Node, for Kysely, with a LIKE that finds what MySQL's finds. */
export class NodeSqliteDialect extends SqliteDialect {
  constructor(file: string) {
    super({
      database: async () => {
        const database = new DatabaseSync(file, { timeout: BUSY_MS });
        database.function('like', { deterministic: true }, createLike());
        return {
          prepare(sql) {
            const statement = database.prepare(sql === 'begin' ? BEGIN : sql);
            return {
              reader: statement.columns().length > 0,
              all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
              run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
              iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
            };
          },
          close: () => database.close(),
        };
      },
    });
  }
}

type Like = (pattern: SQLInputValue, text: SQLInputValue) => SQLInputValue;

/** `\` takes a wildcard's meaning away, and neither case nor accents count. */
function createLike(): Like {
  let last: { pattern: string; expression: RegExp } | undefined;
  return (pattern, text) => {
    if (pattern === null || text === null) return null;
    if (last?.pattern !== pattern) last = { pattern: String(pattern), expression: expressionOf(String(pattern)) };
    return last.expression.test(fold(String(text))) ? 1 : 0;
  };
}

const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function expressionOf(pattern: string): RegExp {
  const source = fold(pattern).replace(/\\(.)|[\s\S]/gu, (part, escaped: string | undefined) => {
    if (escaped === undefined && part === '%') return '[^]*';
    if (escaped === undefined && part === '_') return '[^]';
    return RegExp.escape(escaped ?? part);
  });
  return new RegExp(`^${source}$`, 'u');
}
