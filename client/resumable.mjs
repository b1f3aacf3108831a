// Makes a standard client's reconnect lose and double nothing. Works with every client that has graphql-ws' or
// graphql-sse's `subscribe(request, sink)`, and so with Apollo Client, urql and Relay, which use one of them:
//
//   const client = resumable(createClient({ url, connectionParams }));
//
// Standard clients send a subscription anew when they reconnect, with the variables of the first time. Here the
// variable `after` is where the stream stands, so the server goes on from the last payload that was dealt with. Only
// subscriptions that take `$after` are touched. Of the payloads two ask for care: READY comes at every reconnect, and
// after RESYNC everything that is shown has to be read anew.

/** Whether the document hands `$after` on as where to go on from. */
const takesAfter = (query) => /\bafter\s*:\s*\$after\b/.test(query);

/** The cursor of a payload: that of its only field. */
const cursorOf = (data) => Object.values(data ?? {})[0]?.cursor;

/**
 * @template {{ subscribe(request: any, sink: any, ...rest: any[]): () => void }} Client
 * @param {Client} client
 * @returns {Client} the same client, whose subscriptions go on from where they stand
 */
export function resumable(client) {
  function subscribe(request, sink, ...rest) {
    if (!takesAfter(request.query)) return client.subscribe(request, sink, ...rest);
    let after = request.variables?.after ?? null;
    const variables = Object.defineProperty({ ...request.variables }, 'after', {
      enumerable: true,
      get: () => after,
    });
    const watching = {
      next(result) {
        sink.next(result);
        // Only now: what throws while it is dealt with comes again.
        after = cursorOf(result.data) ?? after;
      },
      error: (error) => sink.error(error),
      complete: () => sink.complete(),
    };
    return client.subscribe({ ...request, variables }, watching, ...rest);
  }
  return { ...client, subscribe, iterate: (...request) => iterate(subscribe, ...request) };
}

/** The results as an async iterator, as the clients' own `iterate` gives them. */
function iterate(subscribe, request, ...rest) {
  const results = [];
  let end = null;
  let wake = () => {};
  const take = (act) => (value) => {
    act(value);
    wake();
  };
  const sink = {
    next: take((result) => results.push(result)),
    error: take((error) => {
      end ??= { error };
    }),
    complete: take(() => {
      end ??= {};
    }),
  };
  const stop = subscribe(request, sink, ...rest);
  const iterator = (async function* () {
    for (;;) {
      while (results.length > 0) yield results.shift();
      if (end?.error) throw end.error;
      if (end) return;
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  })();
  // At once, also while somebody waits for the next result.
  iterator.return = async () => {
    results.length = 0;
    sink.complete();
    stop();
    return { value: undefined, done: true };
  };
  return iterator;
}
