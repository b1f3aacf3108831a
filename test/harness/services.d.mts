/** What the tests themselves use of services.mjs; the rest is for scripts/test.mjs. */
export interface Service {
  url: string;
  /** By SIGTERM unless told otherwise; resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, with its data, at the same address; resolves when it talks. */
  start(): Promise<void>;
}

export interface ServiceOptions {
  /** Whether it outlives a Ctrl-C and the end of the process group that started it; it does unless told otherwise. */
  isDetached?: boolean;
}

export function canRunMysql(): boolean;
export function startMysql(dir: string, options?: ServiceOptions): Promise<Service>;
export function startMariadb(dir: string, options?: ServiceOptions): Promise<Service>;
export function startRedis(dir: string, options?: ServiceOptions): Promise<Service>;

export type RedisClusterNode = Pick<Service, 'stop' | 'start'> & { port: number };

export function canRunRedisCluster(): boolean;
export function startRedisCluster(
  dir: string,
  layout?: { masters?: number; replicas?: number; options?: readonly string[] },
): Promise<{ url: string; nodes: readonly RedisClusterNode[]; stop(): Promise<void> }>;
