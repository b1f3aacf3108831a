import { join } from 'node:path';
import type { Config } from '../config.js';
import type { Parts } from '../domain/unit-of-work.js';
import { FolderCarrier } from '../mail/folder-carrier.js';
import { Postman } from '../mail/postman.js';
import { createSmtpCarrier } from '../mail/smtp-carrier.js';
import { devMailPage } from './dev-mail-page.js';
import type { Metric } from './metrics.js';
import type { Route } from './router.js';
import { Upkeep } from './upkeep.js';

/** How often is looked for letters that this process has not posted, or that are tried again. */
const ROUND_MS = 5_000;

export interface Post {
  routes: Route[];
  metrics: Metric[];
  /** Resolves when the letters that are on their way are. */
  close(): Promise<void>;
}

const NO_POST: Post = { routes: [], metrics: [], close: async () => {} };

/** Sends what is posted, by this process and by others; outside production, without a server to send by, into a folder. */
export function openPost({ orm, letterBox, log }: Parts, { mail, dataDir }: Pick<Config, 'mail' | 'dataDir'>): Post {
  if (!mail || !letterBox) {
    log.warn('mail: MAIL_URL is not set, so nobody can be invited');
    return NO_POST;
  }
  const folder = mail.server ? null : new FolderCarrier(join(dataDir, 'mail'), mail.from);
  const carrier = folder ?? createSmtpCarrier(mail.server as NonNullable<typeof mail.server>, mail.from);
  const postman = new Postman(orm, letterBox, carrier, log);
  const rounds = new Upkeep(() => postman.deliver(), ROUND_MS, log);
  letterBox.onPosted = () => {
    // What fails now is tried again in the next round, which says so.
    postman.deliver().catch(() => {});
  };
  return {
    routes: folder ? [{ path: '/dev-mail', methods: ['GET', 'HEAD'], handle: devMailPage(folder) }] : [],
    metrics: metricsOf(postman),
    async close() {
      await rounds.stop();
      await postman.close();
    },
  };
}

const metricsOf = ({ counts }: Postman): Metric[] => [
  {
    name: 'aliteo_letters_waiting',
    help: 'Letters that are not sent yet, of all processes.',
    read: () => counts.waiting,
  },
  { name: 'aliteo_letters_sent_total', help: 'Letters that this process has sent.', read: () => counts.sent },
  { name: 'aliteo_letters_failed_total', help: 'Attempts to send a letter that failed.', read: () => counts.failed },
  { name: 'aliteo_letters_given_up_total', help: 'Letters that will not be sent.', read: () => counts.givenUp },
];
