import { expect, it } from '@jest/globals';
import { acceptedType } from '../../src/server/replies.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';

// As Apollo Server chooses, which sees what it makes with its parameter.
it.each([
  [undefined, JSON_TYPE],
  ['', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/graphql-response+json', RESPONSE_TYPE],
  ['application/graphql-response+json, application/json', RESPONSE_TYPE],
  ['application/graphql-response+json;q=0.5, application/json', JSON_TYPE],
  ['application/graphql-response+json; charset=utf-8, application/json;q=0.9', RESPONSE_TYPE],
  ['application/graphql-response+json; charset=utf-8, */*;q=0.1', RESPONSE_TYPE],
  ['application/json; charset=utf-8, application/graphql-response+json;q=0.1', JSON_TYPE],
  ['text/html', null],
  ['application/json;q=0', null],
])('who accepts %s is answered in %s', (accept, type) => {
  expect(acceptedType(accept)).toBe(type);
});
