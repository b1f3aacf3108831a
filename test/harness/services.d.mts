/** What the tests themselves use of services.mjs; the rest is for scripts/test.mjs. */
export interface RedisClusterNode {
  port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export function canRunRedisCluster(): boolean;
export function startRedisCluster(
  dir: string,
  layout?: { masters?: number; replicas?: number; options?: readonly string[] },
): Promise<{ url: string; nodes: readonly RedisClusterNode[]; stop(): Promise<void> }>;
