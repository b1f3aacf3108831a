import type { CompiledQuery, Kysely, QueryResult } from 'kysely';

type Result = QueryResult<Record<string, unknown>>;

/**
 * Reads outside of transactions. One that waits for a connection is read once for all who ask for the same meanwhile, so
 * each is given what the database says after they asked: when many ask at once for one list, the fewer statements the
 * more of them there are. The rows belong to all of them; nobody changes them.
 */
export class SharedReads {
  /** How many were asked for, and how many of them have got a connection. */
  asked = 0;
  sent = 0;
  readonly #waiting = new Map<string, Promise<Result>>();

  constructor(readonly client: Pick<Kysely<unknown>, 'getExecutor'>) {}

  executeQuery(query: CompiledQuery): Promise<Result> {
    this.asked += 1;
    const key = `${query.sql}\n${JSON.stringify(query.parameters)}`;
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting;
    const forget = () => {
      if (this.#waiting.get(key) === answer) this.#waiting.delete(key);
    };
    const answer = this.client.getExecutor().provideConnection((connection) => {
      this.sent += 1;
      forget();
      return connection.executeQuery<Record<string, unknown>>(query);
    });
    this.#waiting.set(key, answer);
    // Where there was no connection to be had.
    answer.catch(forget);
    return answer;
  }
}
