import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { IssuedPair } from './certificates.js';

/** A letter as the server has it. */
export interface Received {
  /** Whom the server was told to bring it to. */
  to: string[];
  from: string;
  /** What it is made of, and as it came. */
  mail: Email;
  raw: string;
  isEncrypted: boolean;
}

/** What is said of one address: an SMTP code, or nothing where all is well. */
type Verdict = (address: string) => number | undefined;

/** An SMTP server that speaks TLS, asks for a login, and keeps what it gets. */
export class MailServer {
  readonly received: Received[] = [];
  /** What the login was tried with. */
  readonly logins: string[] = [];
  verdict: Verdict = () => undefined;
  #port = 0;

  private constructor(readonly server: SMTPServer) {}

  static readonly USER = 'post@example.com';
  static readonly PASSWORD = 'p@ss/word:%';

  /** Listens on loopback. `secure` is TLS from the first byte, otherwise by STARTTLS. */
  static async start(pair: IssuedPair, options: SMTPServerOptions = { secure: true }, port = 0): Promise<MailServer> {
    const mail: MailServer = new MailServer(
      new SMTPServer({
        ...pair,
        logger: false,
        // Connections that are kept for more letters do not keep it from ending.
        closeTimeout: 50,
        onAuth: ({ username = '', password }, _session, done) => {
          mail.logins.push(username);
          const isGood = username === MailServer.USER && password === MailServer.PASSWORD;
          done(isGood ? null : Object.assign(new Error('No'), { responseCode: 535 }), { user: username });
        },
        onRcptTo: ({ address }, _session, done) => {
          const responseCode = mail.verdict(address);
          done(responseCode ? Object.assign(new Error(`<${address}> no`), { responseCode }) : null);
        },
        onData: (stream, { envelope, secure }, done) => {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', async () => {
            const raw = Buffer.concat(chunks).toString();
            mail.received.push({
              to: envelope.rcptTo.map(({ address }) => address),
              from: (envelope.mailFrom || { address: '' }).address,
              mail: await PostalMime.parse(raw),
              raw,
              isEncrypted: secure,
            });
            done();
          });
        },
        ...options,
      }),
    );
    // A client that goes away in the middle is no fault of the test.
    mail.server.on('error', () => {});
    await new Promise<void>((resolve) => mail.server.listen(port, '127.0.0.1', () => resolve()));
    mail.#port = (mail.server.server.address() as AddressInfo).port;
    return mail;
  }

  get port(): number {
    return this.#port;
  }

  /** As the operator writes it. */
  get url(): string {
    const [user, password] = [MailServer.USER, MailServer.PASSWORD].map(encodeURIComponent);
    const scheme = this.server.options.secure ? 'smtps' : 'smtp';
    return `${scheme}://${user}:${password}@127.0.0.1:${this.port}`;
  }

  to(address: string): Received[] {
    return this.received.filter(({ to }) => to.includes(address));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
