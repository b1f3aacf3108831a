import type { CompiledQuery, Kysely, QueryResult } from 'kysely';

/**
 * Reads outside of transactions. One that waits for a connection is read once for all who ask for the same meanwhile, so
 * each is given what the database says after they asked: when many ask at once for one list, the fewer statements the
 * more of them there are. The rows belong to all of them; nobody changes them.
 */
export class SharedReads<R> {
  /** How many were asked for, and how many of them went to the database. */
  asked = 0;
  sent = 0;
  readonly #waiting = new Map<string, Promise<QueryResult<R>>>();

  constructor(readonly client: Kysely<unknown>) {}

  executeQuery(query: CompiledQuery): Promise<QueryResult<R>> {
    this.asked += 1;
    const key = `${query.sql}\n${JSON.stringify(query.parameters)}`;
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting;
    const answer = this.#send(key, query);
    this.#waiting.set(key, answer);
    return answer;
  }

  async #send(key: string, query: CompiledQuery): Promise<QueryResult<R>> {
    let isSent = false;
    try {
      return await this.client.connection().execute((connection) => {
        isSent = true;
        this.sent += 1;
        this.#waiting.delete(key);
        return connection.executeQuery<R>(query as CompiledQuery<R>);
      });
    } catch (error) {
      // There was no connection to be had. After that, others may be waiting under this key.
      if (!isSent) this.#waiting.delete(key);
      throw error;
    }
  }
}
