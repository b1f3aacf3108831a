import type { GraphQLError } from 'graphql';

/** How graphql-js, and the scalars, speak of a value, and what is left of that. */
const WITHOUT_VALUE: readonly [RegExp, string][] = [
  [/^(.* cannot represent (?:an? )?[\w -]*value): .*$/s, '$1.'],
  [/^(\w+ cannot represent) .*$/s, '$1 this value.'],
  [/^Value ".*" does not exist in ("\w+" enum)\..*$/s, 'The value does not exist in $1.'],
  [/^(Value is not [\w -]+): .*$/s, '$1.'],
  [/^(Expected value of type "[^"]*"), found .*$/s, '$1.'],
  [/^(Expected type "\w+"\.) .*$/s, '$1'],
  [/^(Argument "\w+" has) invalid value .*$/s, '$1 an invalid value.'],
  [/^(Syntax Error: .*?(?:Block)?String) ".*$/s, '$1.'],
];
/** Names of the schema, which are no secret where they are told at all. */
const SUGGESTION = / Did you mean [^?]*\?$/;

/**
 * What graphql-js says of a mistake, without what the client has written as a value: that may be a secret, and answers end up in
 * logs.
 */
export function toldMessage({ message, originalError }: GraphQLError): string {
  const variable = /^Variable "\$\w+" got /.exec(message)?.[0];
  if (!variable || !originalError) return withoutValue(message);
  // Between the two stands the value as it came, and after that where in the variable it is.
  const before = message.slice(0, -`; ${originalError.message}`.length);
  const place = / at "[\w.[\]]+"$/.exec(before)?.[0] ?? '';
  return `${variable}an invalid value${place}; ${withoutValue(originalError.message)}`;
}

function withoutValue(message: string): string {
  for (const [shape, rest] of WITHOUT_VALUE) {
    if (shape.test(message)) return message.replace(shape, rest) + (SUGGESTION.exec(message)?.[0] ?? '');
  }
  return message;
}
