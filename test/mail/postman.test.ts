import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Keyring } from '../../src/crypto.js';
import { operatorActor } from '../../src/domain/actor.js';
import { foundCompany } from '../../src/domain/companies.js';
import { LETTERS_A_DAY, postLetters } from '../../src/domain/letters.js';
import { type Parts, transact } from '../../src/domain/unit-of-work.js';
import { createLogger } from '../../src/log.js';
import { type Carrier, MailFault } from '../../src/mail/carrier.js';
import type { Letter } from '../../src/mail/letter.js';
import { LetterBox } from '../../src/mail/letter-box.js';
import { Postman } from '../../src/mail/postman.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { until } from '../harness/until.js';

const SOON = { retryMs: 20, longestMs: 40, giveUpMs: 3_600_000 };
const letterTo = (to: string): Letter => ({ kind: 'test', to, subject: 'Hello', text: `A secret for ${to}` });

let database: TestDatabase;
let parts: Parts;
let companyId: string;
let postmen: Postman[];
let lines: string[];
beforeEach(async () => {
  database = await createDatabase();
  parts = await openParts(database);
  companyId = (await foundCompany(parts, 'Company', { email: 'admin@example.com', name: 'Admin' })).company.id;
  postmen = [];
  lines = [];
}, 60_000);
afterEach(async () => {
  await Promise.all(postmen.map((postman) => postman.close()));
  await closeParts(parts);
  await database.drop();
});

/** Keeps what it is given, and does with it what it is told to. */
class Hands implements Carrier {
  readonly carried: string[] = [];
  readonly ids: string[] = [];
  constructor(readonly act: (letter: Letter, attempt: number) => void = () => {}) {}
  async carry(letter: Letter, id: string): Promise<void> {
    this.ids.push(id);
    this.act(letter, this.ids.filter((one) => one === id).length);
    this.carried.push(letter.to);
  }
  close(): void {}
}

function postmanWith(carrier: Carrier, box = parts.letterBox as LetterBox, patience = SOON): Postman {
  const log = createLogger('info', { write: (line: string) => lines.push(line) });
  const postman = new Postman(parts.orm, box, carrier, log, patience);
  postmen.push(postman);
  return postman;
}

const post = (...addresses: string[]) =>
  transact(parts, operatorActor(companyId), (work) => postLetters(parts, work, addresses.map(letterTo)));

const waiting = async (): Promise<Record<string, unknown>[]> =>
  parts.orm.em.getConnection().execute<Record<string, unknown>[]>('select * from letters');

it('a letter is sent when its change has committed, at once, and never when it has not', async () => {
  const hands = new Hands();
  const postman = postmanWith(hands);
  (parts.letterBox as LetterBox).onPosted = () => void postman.deliver();
  const undone = transact(parts, operatorActor(companyId), async (work) => {
    await postLetters(parts, work, [letterTo('never@example.com')]);
    throw new Error('Something else failed.');
  });
  await expect(undone).rejects.toThrow('Something else failed.');
  await post('ada@example.com');
  await until(() => postman.counts.sent === 1, 'the letter');
  await postman.deliver();
  expect(hands.carried).toEqual(['ada@example.com']);
  expect(await waiting()).toEqual([]);
  expect(postman.counts).toMatchObject({ sent: 1, failed: 0, waiting: 0 });
});

it('while it waits it is sealed: neither its address nor what it says is in the database', async () => {
  await post('ada@example.com');
  const [row = {}] = await waiting();
  const text = JSON.stringify(row) + Buffer.from(String(row.sealed), 'base64url').toString('latin1');
  expect(text).not.toMatch(/ada|example|secret|Hello/);
});

it('of many processes that look for letters at once, each letter is taken by one', async () => {
  const addresses = Array.from({ length: 60 }, (_, i) => `person-${i}@example.com`);
  await post(...addresses);
  const hands = Array.from({ length: 4 }, () => new Hands());
  await Promise.all(hands.map((one) => postmanWith(one).deliver()));
  await until(async () => (await waiting()).length === 0, 'an empty box');
  expect(hands.flatMap(({ carried }) => carried).sort()).toEqual(addresses.sort());
});

it('what is not taken now is tried again, under the same id, until it is', async () => {
  const hands = new Hands((_letter, attempt) => {
    if (attempt < 4) throw new MailFault(attempt % 2 ? 'LATER' : 'AWAY', 'EENVELOPE 451 RCPT TO');
  });
  const postman = postmanWith(hands);
  await post('ada@example.com');
  await until(async () => {
    await postman.deliver();
    return postman.counts.sent === 1;
  }, 'the letter');
  expect([hands.ids.length, new Set(hands.ids).size]).toEqual([4, 1]);
  expect(await waiting()).toEqual([]);
  expect(lines.join()).toContain('it is tried again');
  expect(lines.join()).not.toMatch(/ada@|secret/);
});

it('a letter that is refused for good, or for too long, is given up, and the log says so without its address', async () => {
  const refusing = postmanWith(
    new Hands(() => {
      throw new MailFault('REFUSED', 'EENVELOPE 550 RCPT TO');
    }),
  );
  await post('ada@example.com');
  await refusing.deliver();
  expect(refusing.counts).toMatchObject({ givenUp: 1, sent: 0 });
  const late = new Hands(() => {
    throw new MailFault('LATER', 'EENVELOPE 451 RCPT TO');
  });
  const impatient = postmanWith(late, undefined, { ...SOON, giveUpMs: 0 });
  await post('ada@example.com');
  await impatient.deliver();
  expect(impatient.counts.givenUp).toBe(1);
  expect(await waiting()).toEqual([]);
  expect(lines.filter((line) => line.includes('was given up'))).toHaveLength(2);
  expect(lines.join()).toContain(companyId);
  expect(lines.join()).not.toMatch(/ada@|secret/);
});

it('while the server is away the other letters are left in peace', async () => {
  const hands = new Hands(() => {
    throw new MailFault('AWAY', 'ECONNECTION');
  });
  const postman = postmanWith(hands, undefined, { ...SOON, retryMs: 60_000, longestMs: 60_000 });
  await post(...Array.from({ length: 40 }, (_, i) => `person-${i}@example.com`));
  await postman.deliver();
  // One for each lane, which began together.
  expect(hands.ids.length).toBeLessThanOrEqual(4);
  expect(await waiting()).toHaveLength(40);
});

it('a letter that was sealed with another key, or moved to another company, is not sent', async () => {
  const hands = new Hands();
  await post('ada@example.com');
  const postman = postmanWith(hands, new LetterBox(new Keyring('another key, of thirty-two characters')));
  await postman.deliver();
  expect([hands.carried, postman.counts.givenUp]).toEqual([[], 1]);
});

it('a company posts so many letters a day, and who would post more posts none', async () => {
  const many = (count: number) => post(...Array.from({ length: count }, (_, i) => `person-${i}@example.com`));
  await many(LETTERS_A_DAY - 100);
  await expect(many(101)).rejects.toMatchObject({ code: 'TOO_MANY_LETTERS' });
  const both = await Promise.allSettled([many(60), many(60)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await many(40);
  await expect(many(1)).rejects.toMatchObject({ code: 'TOO_MANY_LETTERS' });
  expect(await waiting()).toHaveLength(LETTERS_A_DAY);
  // On another day it begins anew.
  await parts.orm.em
    .getConnection()
    .execute("update letter_counts set day = '2026-01-01' where company_id = ?", [companyId]);
  await many(1);
});

it('where no mail is set up, nothing is posted', async () => {
  const mute: Parts = { ...parts, letterBox: null };
  const posted = transact(mute, operatorActor(companyId), (work) =>
    postLetters(mute, work, [letterTo('ada@example.com')]),
  );
  await expect(posted).rejects.toMatchObject({ reason: 'MAIL_NOT_SET_UP' });
});
