import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptLetter } from '../../src/mail/folder-carrier.js';
import { until } from './until.js';

/** The letters to an address in the folder of a server without MAIL_URL, oldest first; waits until there are so many. */
export async function lettersTo(dataDir: string, address: string, count = 1): Promise<KeptLetter[]> {
  const folder = join(dataDir, 'mail');
  let letters: KeptLetter[] = [];
  await until(async () => {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    letters = texts.map((text) => JSON.parse(text) as KeptLetter).filter(({ to }) => to === address);
    return letters.length >= count;
  }, `${count} letters`);
  return letters;
}

/** The secret that a letter's link has. */
export function secretIn({ text }: Pick<KeptLetter, 'text'>): string {
  const secret = /\/invitation\/#([\w-]{43})\s/.exec(text)?.[1];
  if (!secret) throw new Error('There is no link in the letter.');
  return secret;
}
