import { ref } from '@mikro-orm/core';
import { UserIdempotencyRecord } from '../entities/idempotency-record.js';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { PersonalView, UserPreferences } from '../entities/user.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { isDeeperThan } from '../schema/json-size.js';
import { recordOf } from './once.js';
import { expectName } from './texts.js';
import { inTransaction, untilCommitted } from './transaction.js';
import type { Parts } from './unit-of-work.js';

const LOCALE_LENGTH = 35;
/** Of a saved filter. MySQL keeps no JSON of more than a hundred levels. */
const VIEW_LEVELS = 64;
const VIEW_BYTES = 65_536;

/** A person's preferences, or the defaults. */
export async function findPreferences(orm: Orm, userId: string): Promise<UserPreferences> {
  const found = await forkFor(orm, { userId }).findOne(UserPreferences, { userId });
  return found ?? Object.assign(new UserPreferences(), { userId });
}

export interface PreferenceFields {
  locale?: string | null;
  timeZone?: string | null;
  /** Null takes the default view away. */
  defaultViewId?: string | null;
}

/** Changes what is given. Throws NOT_FOUND for a view that is not this person's. */
export const updatePreferences = (parts: Parts, userId: string, fields: PreferenceFields): Promise<UserPreferences> =>
  changeOwn(parts, userId, async (em) => {
    const preferences = (await em.findOne(UserPreferences, { userId })) ?? em.create(UserPreferences, { userId });
    if (fields.locale)
      preferences.locale = expectSupported('locale', fields.locale, (tag) => Intl.getCanonicalLocales(tag));
    if (fields.timeZone) {
      preferences.timeZone = expectSupported(
        'timeZone',
        fields.timeZone,
        (timeZone) => new Intl.DateTimeFormat('en', { timeZone }),
      );
    }
    if (fields.defaultViewId === null) preferences.defaultView = null;
    else if (fields.defaultViewId) preferences.defaultView = ref(await getView(em, fields.defaultViewId));
    return preferences;
  });

/** A person's saved views, oldest first. */
export const findViews = (orm: Orm, userId: string): Promise<PersonalView[]> =>
  forkFor(orm, { userId }).find(PersonalView, {}, { orderBy: { createdAt: 'asc', id: 'asc' }, limit: 100 });

/** Saves a new view, or a named one anew. Throws NOT_FOUND for a view that is not this person's. */
export const savePersonalView = (
  parts: Parts,
  userId: string,
  input: { viewId?: string | null; name: string; filter: object },
): Promise<PersonalView> =>
  changeOwn(parts, userId, async (em) => {
    const { filter } = input;
    if (isDeeperThan(VIEW_LEVELS, filter) || Buffer.byteLength(JSON.stringify(filter)) > VIEW_BYTES) {
      const message = `A filter has at most ${VIEW_BYTES} bytes of JSON, and ${VIEW_LEVELS} levels.`;
      throw new UserError('TOO_LARGE', message, 'filter');
    }
    const name = expectName(input.name, 'A view');
    const view = input.viewId ? await getView(em, input.viewId) : em.create(PersonalView, { userId, name });
    return Object.assign(view, { name, filter });
  });

/**
 * Writes what `work` changes of a person's own, and with it what `parts.once` asks to keep. `work` may run again: of two
 * first changes at once, one finds the other's row.
 */
export function changeOwn<T>(parts: Parts, userId: string, work: (em: EntityManager) => Promise<T>): Promise<T> {
  const openRecord = recordOf(parts, { type: UserIdempotencyRecord, owner: { userId } });
  return untilCommitted(parts.log, { userId }, async () => {
    const em = forkFor(parts.orm, { userId });
    const write = async () => {
      const result = await work(em);
      await em.flush();
      return { result, seq: 0 };
    };
    const record = openRecord(em);
    // Without a key the flush is the transaction.
    if (!record) return (await write()).result;
    const done = await inTransaction(em, record, async () => {
      const written = await write();
      return { statements: [], telling: null, done: () => written };
    });
    return done.result;
  });
}

async function getView(em: EntityManager, viewId: string): Promise<PersonalView> {
  const view = await em.findOne(PersonalView, { id: expectId('view', viewId) });
  if (!view) throw notFound('view');
  return view;
}

function expectSupported(field: string, value: string, check: (value: string) => unknown): string {
  try {
    check(value);
    if (value.length <= LOCALE_LENGTH) return value;
  } catch {
    // Told below.
  }
  throw new UserError('NOT_SUPPORTED', `This ${field} is not known.`, field);
}
