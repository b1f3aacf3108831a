import { getMetadataStorage } from 'type-graphql';

/** Makes of what a client has sent, coerced, what resolvers take. */
type Make = (value: unknown) => unknown;
type Class = abstract new () => object;
type Field = { readonly name: string; getType(): unknown };

const asItIs: Make = (value) => value;
const known = new Map<unknown, Make>();

/** Inputs become new objects of their classes, as type-graphql makes them; all else is as it came. */
export function inputOf(type: unknown): Make {
  const made = known.get(type) ?? makeOf(type);
  known.set(type, made);
  return made;
}

function makeOf(type: unknown): Make {
  const fields = fieldsOf(type);
  if (!fields) return asItIs;
  // An input may have fields of its own type: they are asked for when the first value comes.
  let parts: (readonly [name: string, make: Make])[] | undefined;
  const make: Make = (value) => {
    if (value === null || value === undefined) return value;
    if (Array.isArray(value)) return value.map(make);
    parts ??= fields.map((field) => [field.name, inputOf(field.getType())]);
    const made = Object.create((type as Class).prototype) as Record<string, unknown>;
    for (const [name, part] of parts) {
      const given = (value as Record<string, unknown>)[name];
      if (given !== undefined) made[name] = part(given);
    }
    return made;
  };
  return make;
}

/** What a class has, behind what it inherits, as its objects have it; null of what is no input. */
function fieldsOf(type: unknown): readonly Field[] | null {
  const { inputTypes, argumentTypes } = getMetadataStorage();
  const own = [...inputTypes, ...argumentTypes].find(({ target }) => target === type);
  const inherited = typeof type === 'function' ? fieldsOf(Object.getPrototypeOf(type)) : null;
  if (!own) return inherited;
  const fields = new Map([...(inherited ?? []), ...(own.fields ?? [])].map((field) => [field.name, field]));
  return [...fields.values()];
}
