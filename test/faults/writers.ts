import { setTimeout as delay } from 'node:timers/promises';
import { openCursor } from '../../src/pubsub/cursor.js';
import type { Caller } from '../harness/client.js';
import type { Installation } from './installation.js';
import type { Company } from './population.js';

/** A write that the server has answered as done. */
export interface Answered {
  company: Company;
  /** The position in the log that the answer named. */
  seq: number;
  taskId: string;
  type: 'task.created' | 'task.updated' | 'task.commented';
  /** The task's title after the write; null for a comment. */
  title: string | null;
  /** Milliseconds since the epoch. */
  at: number;
}

const WORKERS = 32;
const ANSWER_MS = 30_000;
/** Errors of which the documentation says to try again, and what a fault of the server answers. */
const TRANSIENT = new Set(['UNAVAILABLE', 'INTERNAL_SERVER_ERROR']);
/** A backlog of more than this is let go, so that an outage is not followed by a burst. */
const LONGEST_BACKLOG_MS = 1_000;

/** Writes at a steady rate, through both servers, and tries again what was not answered: under one key, so that it is done once. */
export class Writers {
  readonly answered: Answered[] = [];
  /** By error code or the network's, how often an attempt failed. */
  readonly failures = new Map<string, number>();
  /** Answers that are neither done nor a reason to try again. */
  readonly faults: string[] = [];
  /** Gets every other write while it is set. */
  favoured: Company | null = null;
  #running: Promise<unknown> | null = null;
  #isStopped = false;
  #hasGivenUp = false;
  #slot = 0;
  #due = 0;
  #marker = 0;

  constructor(
    readonly installation: Installation,
    readonly companies: readonly Company[],
    /** A company with little to do, one write in four seconds. That is already two thousand payloads when the crowd listens. */
    readonly quiet: Company,
    readonly writesPerSecond: number,
  ) {}

  start(): void {
    this.#due = Date.now();
    this.#running = Promise.all(Array.from({ length: WORKERS }, () => this.#work()));
  }

  /** Resolves when every write that was begun is answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Leaves what is not answered. */
  giveUp(): void {
    this.#isStopped = true;
    this.#hasGivenUp = true;
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const now = Date.now();
      this.#due = Math.max(this.#due, now - LONGEST_BACKLOG_MS) + 1_000 / this.writesPerSecond;
      this.#slot += 1;
      const slot = this.#slot;
      if (this.#due > now) await delay(this.#due - now);
      await this.#write(this.#companyFor(slot), slot);
    }
  }

  #companyFor(slot: number): Company {
    if (slot % (this.writesPerSecond * 4) === 0) return this.quiet;
    if (slot % 2 === 0 && this.favoured) return this.favoured;
    return this.companies[slot % this.companies.length] as Company;
  }

  async #write(company: Company, slot: number): Promise<void> {
    this.#marker += 1;
    const marker = `title ${this.#marker}`;
    const writer = company.writers[slot % company.writers.length] as Caller;
    const act = { ...actOf(company, marker), caller: { ...writer, idempotencyKey: `write-${this.#marker}` } };
    for (let attempt = 0; !this.#hasGivenUp; attempt += 1) {
      const answer = await this.#ask(slot + attempt, act);
      const payload = answer?.data && Object.values(answer.data)[0];
      if (payload && payload.userErrors.length === 0) {
        const { type, title } = act;
        const seq = openCursor(this.installation.keyring, company.id, payload.cursor);
        const taskId = payload.task?.id ?? payload.comment.task.id;
        if (type === 'task.created' && company.taskIds.length < 40) company.taskIds.push(taskId);
        this.answered.push({ company, seq, taskId, type, title, at: Date.now() });
        return;
      }
      if (answer) {
        this.faults.push(JSON.stringify(answer).slice(0, 500));
        return;
      }
      await delay(50 + Math.random() * 200);
    }
  }

  /** The answer, or null when there was none to rely on. */
  async #ask(turn: number, { query, variables, caller }: Act & { caller: Caller }): Promise<Response | null> {
    const node = this.installation.at(turn, ({ takesWrites }) => takesWrites);
    const { authorization = '', companyId = '', idempotencyKey = '' } = caller;
    if (!node) return this.#failed('nobody there');
    try {
      const response = await fetch(node.graphqlUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization,
          'x-company-id': companyId,
          'idempotency-key': idempotencyKey,
        },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const answer = (await response.json()) as Response;
      const code = answer.errors?.[0]?.extensions.code;
      return code && TRANSIENT.has(code) ? this.#failed(code) : answer;
    } catch (error) {
      const { cause, name } = error as Error & { cause?: { code?: string } };
      return this.#failed(cause?.code ?? name);
    }
  }

  #failed(why: string): null {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
    return null;
  }
}

interface Response {
  data?: Record<
    string,
    { cursor: string; userErrors: unknown[]; task?: { id: string }; comment: { task: { id: string } } }
  >;
  errors?: { extensions: { code: string } }[];
}

const mutation = (name: string, input: string, object: string): string =>
  `mutation ($input: ${input}!) { ${name}(input: $input) { ${object} userErrors { code message } cursor } }`;

const CREATE = mutation('createTask', 'CreateTaskInput', 'task { id }');
const COMMENT = mutation('addComment', 'AddCommentInput', 'comment { task { id } }');
const UPDATE = mutation('updateTask', 'UpdateTaskInput', 'task { id }');

interface Act extends Pick<Answered, 'type' | 'title'> {
  query: string;
  variables: { input: Record<string, unknown> };
}

/** One of what people do with tasks. Half of the writes turn on what externals and followers see. */
function actOf({ projectId, taskIds }: Company, title: string): Act {
  const taskId = taskIds[Math.floor(Math.random() * taskIds.length)];
  const privacy = Math.random() < 0.6 ? 'PUBLIC' : 'INTERNAL';
  const dice = Math.random();
  if (dice < 0.1) {
    return { type: 'task.created', title, query: CREATE, variables: { input: { projectId, title, privacy } } };
  }
  if (dice < 0.4) {
    return {
      type: 'task.commented',
      title: null,
      query: COMMENT,
      variables: { input: { taskId, body: title, privacy } },
    };
  }
  const input = { taskId, title, ...(dice < 0.6 && { privacy }) };
  return { type: 'task.updated', title, query: UPDATE, variables: { input } };
}
