/** What is made of a value, at once when the value is known. */
export const whenKnown = <T, R>(value: T | Promise<T>, make: (value: T) => R): R | Promise<R> =>
  value instanceof Promise ? value.then(make) : make(value);
