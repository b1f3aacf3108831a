import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines on stdout; credentials never reach them, whatever a caller passes in. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const secrets = ['authorization', 'follow', 'token', 'secret', 'password', 'cookie'];
  return pino(
    { level, base: undefined, redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' } },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
