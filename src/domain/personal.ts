import { ref, UniqueConstraintViolationException } from '@mikro-orm/core';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { PersonalView, UserPreferences } from '../entities/user.js';
import { notFound, UserError } from '../errors.js';
import { isDeeperThan } from '../schema/depth.js';
import { expectId } from '../schema/ids.js';
import { expectName } from './texts.js';

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
export const updatePreferences = (orm: Orm, userId: string, fields: PreferenceFields): Promise<UserPreferences> =>
  writePreferences(orm, userId, fields).catch((error) => {
    // Two first changes at once: by now the other one's row is there, and is changed.
    if (error instanceof UniqueConstraintViolationException) return writePreferences(orm, userId, fields);
    throw error;
  });

async function writePreferences(orm: Orm, userId: string, fields: PreferenceFields): Promise<UserPreferences> {
  const em = forkFor(orm, { userId });
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
  await em.flush();
  return preferences;
}

/** A person's saved views, oldest first. */
export const findViews = (orm: Orm, userId: string): Promise<PersonalView[]> =>
  forkFor(orm, { userId }).find(PersonalView, {}, { orderBy: { createdAt: 'asc', id: 'asc' }, limit: 100 });

/** Saves a new view, or a named one anew. Throws NOT_FOUND for a view that is not this person's. */
export async function savePersonalView(
  orm: Orm,
  userId: string,
  input: { viewId?: string | null; name: string; filter: object },
): Promise<PersonalView> {
  const em = forkFor(orm, { userId });
  const { filter } = input;
  if (isDeeperThan(VIEW_LEVELS, filter) || Buffer.byteLength(JSON.stringify(filter)) > VIEW_BYTES) {
    const message = `A filter has at most ${VIEW_BYTES} bytes of JSON, and ${VIEW_LEVELS} levels.`;
    throw new UserError('TOO_LARGE', message, 'filter');
  }
  const name = expectName(input.name, 'A view');
  const view = input.viewId ? await getView(em, input.viewId) : em.create(PersonalView, { userId, name });
  Object.assign(view, { name, filter });
  await em.flush();
  return view;
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
