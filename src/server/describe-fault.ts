import { ConfigError } from '../config.js';
import { isDatabaseFault } from '../entities/orm.js';
import { ApiError, UserError } from '../errors.js';

/**
 * What the operator is told of what ended a process: a sentence where they can mend it, a stack where only we can.
 * Never the error as it is: drivers hang addresses with passwords and whole statements on it.
 */
export function describeFault(error: unknown): string {
  if (error instanceof ConfigError || error instanceof UserError || error instanceof ApiError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  // Node tries all addresses of a name, and the error that gathers the failures has no words of its own.
  const words = error.message || code;
  if (syscall === 'listen') return `HOST, PORT: cannot listen on ${address} port ${port}: ${code}.`;
  if (path !== undefined) return `The file system refuses: ${words}.`;
  if (isDatabaseFault(error)) return `DATABASE_URL: the database refuses: ${words}.`;
  return error.stack ?? error.message;
}
