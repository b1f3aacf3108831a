import type { Node } from './cluster.js';

/** What one process has counted under a name, as its metrics tell it. */
export async function readMetric(node: Node, name: string): Promise<number> {
  const text = await (await fetch(node.metricsUrl)).text();
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`There is no metric ${name}.`);
  return Number(value);
}
