import { all, any, not, oneOf, type RowFilter } from '../entities/row-filter.js';
import { badInput } from '../errors.js';
import { type IdFilter, StringFilter } from '../schema/filters.js';
import { type IdPrefix, isId, prefixOf } from '../schema/ids.js';
import { lengthOf, TITLE_LENGTH } from '../schema/texts.js';

/** A list counts as many as it has values. */
const MAX_CONDITIONS = 100;

type Word = (column: string, value: never) => RowFilter;

/** What a filter's words say of a column. */
const WORDS: Record<string, Word> = {
  eq: (column, value) => oneOf(column, [value]),
  ne: (column, value) => not(oneOf(column, [value])),
  in: (column, values: readonly unknown[]) => oneOf(column, values),
  gte: (column, value) => ({ column, is: '>=', value }),
  lt: (column, value) => ({ column, is: '<', value }),
  lte: (column, value) => ({ column, is: '<=', value }),
  contains: (column, value: string) => ({ column, is: 'like', value: `%${value.replace(/[\\%_]/g, '\\$&')}%` }),
  isNull: (column, value) => (value ? { column, is: 'absent' } : not({ column, is: 'absent' })),
};

/** The same of a text, of which two are alike when they are letter by letter. */
const TEXT_WORDS: Record<string, Word> = {
  ...WORDS,
  eq: (column, value) => ({ column, is: 'exactly', value: [value] }),
  in: (column, values: readonly string[]) => values.length > 0 && { column, is: 'exactly', value: values },
};

/** A client's filter: conditions on fields, all of which must hold, and, in most of them, three words that join filters. */
interface ClientFilter {
  and?: this[] | null;
  or?: this[] | null;
  not?: this | null;
}

/** The fields that are ids: the column, and what the ids name; null where they name objects of several kinds. */
type References = Readonly<Record<string, readonly [column: string, prefix: IdPrefix | null]>>;

/** The filter as a filter on rows. Throws BAD_USER_INPUT when it is too large to be an honest one. */
export function filterOf(filter: object | null | undefined, references: References = {}): RowFilter {
  const budget = { left: MAX_CONDITIONS };
  return !filter || translate(filter as ClientFilter, references, budget);
}

function translate(filter: ClientFilter, references: References, budget: { left: number }): RowFilter {
  const { and, or, not: none, ...fields } = filter;
  const parts: RowFilter[] = [];
  for (const [name, conditions] of Object.entries(fields as Record<string, object | null | undefined>)) {
    if (!conditions) continue;
    budget.left -= sizeOf(conditions);
    const reference = references[name];
    const sound = reference ? withIds(reference[1], conditions) : conditions;
    const column = reference?.[0] ?? name;
    parts.push(...conditionsOn(column, sound));
  }
  budget.left -= 1;
  if (budget.left < 0) throw badInput('FILTER_TOO_LARGE', `A filter has at most ${MAX_CONDITIONS} conditions.`);
  parts.push(...(and ?? []).map((part) => translate(part, references, budget)));
  if (or) parts.push(any(...or.map((part) => translate(part, references, budget))));
  if (none) parts.push(not(translate(none, references, budget)));
  return all(...parts);
}

function conditionsOn(column: string, conditions: object): RowFilter[] {
  const words = conditions instanceof StringFilter ? TEXT_WORDS : WORDS;
  return Object.entries(conditions).flatMap(([word, value]) =>
    value == null ? [] : [(words[word] as Word)(column, value as never)],
  );
}

/** How many values a field is compared with. Throws BAD_USER_INPUT for a text that nothing is long enough to contain. */
function sizeOf(conditions: object): number {
  const { contains } = conditions as StringFilter;
  if (contains && lengthOf(contains) > TITLE_LENGTH)
    throw badInput('TEXT_TOO_LONG', `"contains" has at most ${TITLE_LENGTH} characters.`);
  return Object.values(conditions)
    .flat()
    .filter((value) => value != null).length;
}

/** Without ids of another kind: they would match nothing, and are not for the database to compare. */
function withIds(prefix: IdPrefix | null, { eq, in: wanted, ...rest }: IdFilter): object {
  const isSound = (id: string) => (prefix ? isId(prefix, id) : prefixOf(id) !== null);
  const sound = wanted?.filter(isSound);
  if (eq == null || isSound(eq)) return { ...rest, eq, in: sound };
  return { ...rest, in: [] };
}
