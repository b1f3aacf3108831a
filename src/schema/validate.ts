import { getMetadataStorage, validate } from 'class-validator';
import { ArgumentValidationError } from 'type-graphql';

/** Of each class of inputs, whether there is anything to look for: to ask that of every request costs more than to look. */
const ruled = new WeakMap<object, boolean>();

function hasRules(type: unknown): boolean {
  // What a client may write as it likes may have any value there.
  if (typeof type !== 'function') return false;
  let known = ruled.get(type);
  if (known === undefined) {
    known = getMetadataStorage().getTargetValidationMetadatas(type as new () => object, '', false, false).length > 0;
    ruled.set(type, known);
  }
  return known;
}

/** Looks at an argument by the rules of its class, where it has any. Rejects with ArgumentValidationError. */
export function validateArgument(value: unknown): Promise<void> | undefined {
  const inputs = (Array.isArray(value) ? value : [value]).filter((each) => hasRules(each?.constructor));
  return inputs.length > 0 ? validateAll(inputs) : undefined;
}

async function validateAll(inputs: readonly object[]): Promise<void> {
  for (const input of inputs) {
    const faults = await validate(input, { skipMissingProperties: true, forbidUnknownValues: false });
    if (faults.length > 0) throw new ArgumentValidationError(faults);
  }
}
