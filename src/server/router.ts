import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log.js';
import type { CrossOrigin } from './cross-origin.js';
import type { Entrance } from './entrance.js';

export type Handle = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** A path, or a prefix that ends with a slash. */
export interface Route {
  path: string;
  methods?: readonly string[];
  /** Whether pages of known origins may ask, and those of others are refused. */
  isApi?: boolean;
  handle: Handle;
}

const API_METHODS = ['GET', 'POST'];

export interface Guards {
  entrance: Entrance;
  crossOrigin: CrossOrigin;
}

/** The whole of our routing: the first route that fits answers. Paths with a secret in them never reach the log. */
export function createRouter(
  routes: readonly Route[],
  { entrance, crossOrigin }: Guards,
  log: Logger,
): (request: IncomingMessage, response: ServerResponse) => void {
  // Most ask for exactly one of these.
  const known = new Map(routes.map(({ path }) => [path, urlOf(path)]));
  return (request, response) => {
    for (const [name, value] of Object.entries(entrance.headersFor(request))) response.setHeader(name, value);
    if (!entrance.isOpenTo(request)) return entrance.turnAway(request, response);
    const target = request.url ?? '/';
    const url = known.get(target) ?? urlOf(target);
    if (!url) return sendText(response, 400, 'Bad request');
    const route = routes.find(({ path }) =>
      path.endsWith('/') && path !== '/' ? url.pathname.startsWith(path) : url.pathname === path,
    );
    if (!route) return sendText(response, 404, 'Not found');
    if (route.isApi && !crossOrigin.admit(request, response, route.methods ?? API_METHODS)) return;
    if (route.methods && !route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return sendText(response, 405, 'Method not allowed');
    }
    Promise.resolve(route.handle(request, response, url)).catch((error) => {
      log.error({ route: route.path, error: String(error) }, 'http: a handler failed');
      if (!response.headersSent) sendText(response, 500, 'Something went wrong on our side.');
      else response.destroy();
    });
  };
}

const urlOf = (target: string): URL | null => URL.parse(target, 'http://localhost');

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
