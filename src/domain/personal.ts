import { ref } from '@mikro-orm/core';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { PersonalView, UserPreferences } from '../entities/user.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { expectName } from './texts.js';

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
export async function updatePreferences(orm: Orm, userId: string, fields: PreferenceFields): Promise<UserPreferences> {
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
    return value;
  } catch {
    throw new UserError('NOT_SUPPORTED', `This ${field} is not known.`, field);
  }
}
