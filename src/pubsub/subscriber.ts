/** Payloads for one subscriber or many, in order; whoever sends them keeps what they are encoded to. */
export class Batch {
  readonly encoded = new Map<string | number, unknown>();

  constructor(readonly payloads: readonly string[]) {}
}

/** One subscription of one viewer. */
export interface Subscriber<S> {
  readonly watcher: Watcher<S>;
  /** The position after what it was told last. */
  position: number;
  /** When it was told something last, in milliseconds since the process began. */
  toldAt: number;
  deliver(batch: Batch): void;
  /** Called once, when it is the fan-out that ends it. */
  end(error: Error): void;
}

/** Whoever has a connection open here: told when the way in has been closed, or is another one. */
export interface Connection {
  /** Something about its viewer has changed: it may have to end sooner. */
  review(): Promise<void>;
  end(): void;
}

/** One viewer as this node knows them: their standing, whatever sockets and subscriptions they have. */
export class Watcher<S> {
  readonly connections = new Set<Connection>();
  readonly subscribers = new Set<Subscriber<S>>();
  #loading: Promise<unknown> = Promise.resolve();

  constructor(
    readonly key: string,
    public standing: S,
  ) {}

  /** Reads the standing anew, one reading after another, so that an older one never comes last. Null when it is over. */
  renew(load: (standing: S) => Promise<S | null>): Promise<S | null> {
    const loading = this.#loading.then(() => load(this.standing));
    this.#loading = loading.catch(() => {});
    return loading;
  }
}
