import { expect } from '@jest/globals';
import { PUBLIC_URL } from '../harness/browser.js';
import { type Answer, ask, type Caller, listen } from '../harness/client.js';
import { type Node, startCluster } from '../harness/cluster.js';
import { startNameServer } from '../harness/name-server.js';
import { createSide, markOf, type Secrecy, type Who, WITHHELD } from './sides.js';

/** Two companies alike, each with secrets of all kinds, on servers that are set as in production. */
export async function openSides() {
  // What is kept from one request to the next must not be given to the wrong people.
  const names = await startNameServer();
  const env = { HEARTBEAT_MS: '60000', ANSWER_CACHE_BYTES: '8000000', PUBLIC_URL, DNS_SERVERS: names.address };
  const cluster = await startCluster(env);
  const stop = async () => {
    await cluster.stop();
    await names.stop();
  };
  const [ours, theirs] = [await createSide(cluster, 'ours', names), await createSide(cluster, 'theirs', names)];
  return { cluster: { ...cluster, stop }, ours, theirs };
}

/** An answer as it came, all of it as text too; a subscription's is its first payload, or its refusal. */
export interface Reply {
  text: string;
  data: Answer['data'];
  codes: string[];
  userErrors: string[];
}

export async function callOn(node: Node, caller: Caller, document: string, variables: object): Promise<Reply> {
  const { data, errors } = document.startsWith('subscription')
    ? await firstOf(node, caller, document, variables)
    : await askTwice(node, caller, document, variables);
  const userErrors = Object.values(data ?? {}).flatMap(
    (field) => (field as { userErrors?: { code: string }[] } | null)?.userErrors ?? [],
  );
  return {
    text: JSON.stringify({ data, errors }),
    data,
    codes: errors.map(({ extensions }) => extensions?.code ?? 'NONE'),
    userErrors: userErrors.map(({ code }) => code),
  };
}

/** A query is asked once more: what was kept of it is looked at as well. */
async function askTwice(node: Node, caller: Caller, document: string, variables: object): Promise<Answer> {
  const answer = await ask(node, caller, document, variables);
  if (!document.startsWith('query') || /ursor/.test(document)) return answer;
  const again = await ask(node, caller, document, variables);
  expect(again).toEqual(answer);
  return again;
}

async function firstOf(node: Node, caller: Caller, document: string, variables: object) {
  const stream = listen(node, caller, document, { ...variables });
  const payload = await stream.until(() => true).catch(() => null);
  const errors = payload
    ? []
    : await Promise.race([
        stream.failed,
        stream.closed.then(({ code, reason }) => [{ extensions: { code: `${code} ${reason}` } }]),
      ]);
  await stream.stop();
  return { data: payload && { stream: payload }, errors: errors as Answer['errors'] };
}

/** Nothing planted that is not for this viewer stands anywhere in the answer. */
export function expectNoLeak(who: Who, { text }: Reply): void {
  const secrets: Secrecy[] = ['open', 'inside', 'hidden', 'private', 'personal', 'elsewhere'];
  const foreign = secrets.map((secrecy) => markOf('theirs', secrecy));
  const withheld = WITHHELD[who].map((secrecy) => markOf('ours', secrecy));
  expect([...foreign, ...withheld].filter((mark) => text.includes(mark))).toEqual([]);
}

export const steps = (path: string) => path.split('.');
export const valueAt = (value: unknown, path: string): unknown =>
  steps(path).reduce((inner, step) => (inner as Record<string, unknown> | null | undefined)?.[step], value);
