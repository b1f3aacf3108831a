import { getMetadataStorage, validate } from 'class-validator';
import { ArgumentValidationError } from 'type-graphql';

/** Of each class of inputs, whether there is anything to look for: to ask that of every request costs more than to look. */
const ruled = new WeakMap<object, boolean>();

function hasRules(type: object | undefined): boolean {
  if (!type) return false;
  let known = ruled.get(type);
  if (known === undefined) {
    known = getMetadataStorage().getTargetValidationMetadatas(type as new () => object, '', false, false).length > 0;
    ruled.set(type, known);
  }
  return known;
}

/** Looks at an argument by the rules of its class, where it has any. Rejects with ArgumentValidationError. */
export function validateArgument(value: unknown): Promise<void> | undefined {
  const ruled = (Array.isArray(value) ? value : [value]).filter((each) => hasRules(each?.constructor));
  return ruled.length > 0 ? validateAll(ruled) : undefined;
}

async function validateAll(values: readonly object[]): Promise<void> {
  for (const value of values) {
    const faults = await validate(value, { skipMissingProperties: true, forbidUnknownValues: false });
    if (faults.length > 0) throw new ArgumentValidationError(faults);
  }
}
