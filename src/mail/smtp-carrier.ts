import { createTransport } from 'nodemailer';
import type { MailSettings, SmtpServer } from '../mail-settings.js';
import { type Carrier, MailFault, type MailFaultKind } from './carrier.js';
import { messageOf } from './message.js';

/** So long a server may be silent at each step. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;

/** Hands letters to an SMTP server, over a few connections that are kept while there is something to send. */
export function createSmtpCarrier(server: SmtpServer, from: MailSettings['from']): Carrier {
  const { host, port, isImplicitTls, requiresTls, login } = server;
  const transport = createTransport({
    pool: true,
    maxConnections: 4,
    host,
    port,
    secure: isImplicitTls,
    requireTLS: requiresTls,
    tls: { minVersion: 'TLSv1.2' },
    ...(login && { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async carry(letter, id) {
      try {
        await transport.sendMail(messageOf(letter, id, from));
      } catch (error) {
        throw faultOf(error as SmtpError);
      }
    },
    close: () => transport.close(),
  };
}

interface SmtpError {
  code?: string;
  responseCode?: number;
  command?: string;
}

/** The other side's own words are left out: they repeat addresses. */
function faultOf(error: SmtpError): MailFault {
  const { code = 'UNKNOWN', responseCode = '', command = '' } = error;
  const words = [code, responseCode, command].map((word) => String(word).replaceAll(/[^A-Z0-9 _-]/gi, ''));
  return new MailFault(kindOf(error), words.filter(Boolean).join(' ').slice(0, 80));
}

/**
 * RFC 5321, section 4.2.1: 5xx is for good, 4xx for now. A sender that is refused, and a login, are the operator's to mend, and
 * no letter's fault.
 */
function kindOf({ code, responseCode, command }: SmtpError): MailFaultKind {
  const isAboutIt = (code === 'EENVELOPE' || code === 'EMESSAGE') && command !== 'MAIL FROM';
  if (!isAboutIt) return 'AWAY';
  return responseCode === undefined || responseCode >= 500 ? 'REFUSED' : 'LATER';
}
