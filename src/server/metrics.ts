import { createServer } from 'node:http';

/** A figure for the operator, read when it is asked for. Its name ends in `_total` when it only grows. */
export interface Metric {
  name: string;
  help: string;
  read(): number;
}

/**
 * Serves `/metrics` in Prometheus' text format on a port of its own, which is not for clients: how busy a node is
 * concerns its operator only. Resolves when it listens; answers how to stop it.
 */
export async function serveMetrics(metrics: readonly Metric[], host: string, port: number): Promise<() => void> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = metrics.map(({ name, help, read }) => {
      const type = name.endsWith('_total') ? 'counter' : 'gauge';
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${read()}\n`;
    });
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text.join(''));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
