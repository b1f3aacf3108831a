import { z } from 'zod';

/** An SMTP server, and how we are known to it. */
export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte; otherwise by STARTTLS. */
  isImplicitTls: boolean;
  /** Whether nothing is sent before the connection is encrypted. */
  requiresTls: boolean;
  login: { user: string; password: string } | null;
}

export interface MailSettings {
  /** None outside production, where letters are put into a folder instead. */
  server: SmtpServer | null;
  /** Whom letters come from. */
  from: { name: string; address: string };
}

const PORTS = { 'smtps:': 465, 'smtp:': 587 } as const;
const FROM =
  /^(?:([^<>"\p{C}]{0,100}?)\s*<([^\s<>@,;"\p{C}]+@[^\s<>@,;"\p{C}]+)>|([^\s<>@,;"\p{C}]+@[^\s<>@,;"\p{C}]+))$/u;
const DEVELOPMENT_FROM = { name: 'aliteo', address: 'aliteo@localhost' };

/** The message repeats nothing: there is a password in the address. */
const mailUrl = z
  .string()
  .refine(
    (text) => readServer(text) !== null,
    'must look like smtps://user:password@host:465 or smtp://user:password@host:587, without a path or options, with %40 for an "@" in the user or the password, %2F for "/", %3A for ":" and %25 for "%"',
  );
const mailFrom = z.string().regex(FROM, 'must look like "Example Inc. <work@example.com>" or work@example.com');

/** The variables that say how letters are sent. */
export const mailVariables = { MAIL_URL: mailUrl.optional(), MAIL_FROM: mailFrom.optional() };

type Parsed = z.infer<z.ZodObject<typeof mailVariables>>;

export const mailFaults = ({ MAIL_URL, MAIL_FROM }: NodeJS.ProcessEnv): string[] =>
  MAIL_URL && !MAIL_FROM ? ['MAIL_FROM: goes with MAIL_URL'] : [];

/**
 * Null where no letters can be sent: in production without a server. The server starts without it all the same: nothing
 * but invitations needs one, and who has no use for them should not have to run one.
 */
export function mailOf({ MAIL_URL, MAIL_FROM }: Parsed, isProduction: boolean): MailSettings | null {
  const server = MAIL_URL ? readServer(MAIL_URL) : null;
  if (!server && isProduction) return null;
  const from = MAIL_FROM ? readFrom(MAIL_FROM) : DEVELOPMENT_FROM;
  return { server: server && { ...server, requiresTls: server.requiresTls || isProduction }, from };
}

/** Null for what is no server's address. */
function readServer(text: string): SmtpServer | null {
  const url = URL.parse(text);
  if (!url?.hostname || !isScheme(url.protocol)) return null;
  if (!/^\/?$/.test(url.pathname) || url.search || url.hash || /[?#]/.test(text)) return null;
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const isImplicitTls = url.protocol === 'smtps:';
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || PORTS[url.protocol],
      isImplicitTls,
      requiresTls: isImplicitTls,
      login: user ? { user, password } : null,
    };
  } catch {
    return null;
  }
}

const isScheme = (protocol: string): protocol is keyof typeof PORTS => protocol in PORTS;

function readFrom(text: string): MailSettings['from'] {
  const [, name = '', inBrackets, alone] = FROM.exec(text) ?? [];
  return { name, address: inBrackets ?? alone ?? '' };
}
