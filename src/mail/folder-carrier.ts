import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { MailSettings } from '../mail-settings.js';
import { addressOf } from '../schema/address.js';
import type { Carrier } from './carrier.js';
import type { Letter } from './letter.js';
import { messageOf } from './message.js';

const KEPT = 200;
const NAME = /^letter_[0-9a-z]{26}\.json$/;

/** A letter as it lies in the folder. */
export interface KeptLetter extends Pick<Letter, 'to' | 'subject' | 'text'> {
  id: string;
  html: string | null;
  writtenAt: string;
}

/** Puts letters into a folder instead of sending them: for development, where `/dev-mail` shows them. */
export class FolderCarrier implements Carrier {
  readonly #composer = createTransport({ streamTransport: true, buffer: true });

  constructor(
    readonly folder: string,
    readonly from: MailSettings['from'],
  ) {}

  /** Beside what the page shows lies the letter as it would be sent (`.eml`), which every mail program opens. */
  async carry(letter: Letter, id: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const { message } = await this.#composer.sendMail(messageOf(letter, id, this.from));
    const { to, subject, text, html = null } = letter;
    const kept: KeptLetter = { id, to, subject, text, html, writtenAt: new Date().toISOString() };
    await this.#write(`${id}.eml`, message as Buffer);
    await this.#write(`${id}.json`, JSON.stringify(kept));
    for (const name of (await this.#names()).slice(KEPT))
      for (const ending of ['.json', '.eml'])
        await rm(join(this.folder, name.replace('.json', ending)), { force: true });
  }

  /** The newest letters first; all of them, or those to one address. */
  async list(to?: string): Promise<KeptLetter[]> {
    const texts = await Promise.all(
      (await this.#names()).map((name) => readFile(join(this.folder, name), 'utf8').catch(() => null)),
    );
    const letters = texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as KeptLetter]));
    return to === undefined ? letters : letters.filter((letter) => letter.to === addressOf(to));
  }

  close(): void {
    this.#composer.close();
  }

  /** Ids sort by their time. */
  async #names(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names.filter((name) => NAME.test(name)).sort((a, b) => (a < b ? 1 : -1));
  }

  /** In one step: whoever lists them reads no half of one. */
  async #write(name: string, body: string | Buffer): Promise<void> {
    const file = join(this.folder, name);
    await writeFile(`${file}.new`, body, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}
