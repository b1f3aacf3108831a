import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isExecutableDefinitionNode,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { ErrorCode } from '../errors/error-codes.js';
import type { ApiError } from '../errors.js';
import { excessOf, excessOfText, LIMITS } from './limits.js';
import { type Operation, operationOf } from './operation.js';
import { placed } from './placed.js';

/** In characters of their texts, each of which stands for some 140 bytes; clients send the same few documents again and again. */
const KEPT_CHARACTERS = 500_000;
const KEPT_LENGTH = 20_000;
const MOST_FAULTS = 10;

const newStore = () =>
  new LRUCache<string, Parsed>({ maxSize: KEPT_CHARACTERS, sizeCalculation: (_parsed, text) => text.length || 1 });

type Parsed = { document: DocumentNode } | { errors: readonly GraphQLError[]; excess?: ApiError };

/** Parses, limits and validates documents, each text once. */
export class Documents {
  readonly #parsed = newStore();
  readonly #valid = newStore();
  readonly #rules;

  constructor(
    readonly schema: GraphQLSchema,
    readonly introspection: boolean,
  ) {
    this.#rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  }

  /** The operation, or what is wrong with the document. */
  find(text: string, operationName?: string | null): Operation | readonly GraphQLError[] {
    const checked = kept(this.#valid, text, () => this.#validate(text));
    if ('errors' in checked) return checked.errors;
    const operation = operationOf(this.schema, checked.document, operationName);
    return operation ?? [mistake('The operation is not in the document.', 'OPERATION_RESOLUTION_FAILURE')];
  }

  /** Why a document is too large for anybody, or null; whatever else is wrong with it is not looked at. */
  excessOf(text: string): ApiError | null {
    const parsed = kept(this.#parsed, text, () => parsedOf(text));
    return ('excess' in parsed && parsed.excess) || null;
  }

  /** Where the schema is not shown, it is not guessed at either. */
  #told(message: string): string {
    return this.introspection ? message : message.replace(/ ?Did you mean [\s\S]*\?$/, '');
  }

  #validate(text: string): Parsed {
    const parsed = kept(this.#parsed, text, () => parsedOf(text));
    if ('errors' in parsed) return parsed;
    const errors = validate(this.schema, parsed.document, this.#rules, { maxErrors: MOST_FAULTS });
    if (errors.length === 0) return parsed;
    return { errors: errors.map((error) => mistake(this.#told(error.message), 'GRAPHQL_VALIDATION_FAILED', error)) };
  }
}

function parsedOf(text: string): Parsed {
  const excessive = excessOfText(text);
  if (excessive) return tooLarge(excessive);
  try {
    const document = parse(text, { maxTokens: LIMITS.tokens });
    const error = excessOf(document);
    if (error) return tooLarge(error);
    const other = document.definitions.find((definition) => !isExecutableDefinitionNode(definition));
    if (!other) return { document };
    return { errors: [mistake('Only operations and fragments can be run.', 'GRAPHQL_VALIDATION_FAILED')] };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [mistake(error.message, 'GRAPHQL_PARSE_FAILED', error)] };
  }
}

const tooLarge = (error: ApiError): Parsed => ({
  errors: [new GraphQLError(error.message, { originalError: error })],
  excess: error,
});

/** What is known of a text that came before, or is made of it now. Long ones are not kept: nobody honest sends them often. */
function kept(known: LRUCache<string, Parsed>, text: string, make: () => Parsed): Parsed {
  const found = known.get(text) ?? make();
  if (text.length <= KEPT_LENGTH) known.set(text, found);
  return found;
}

const mistake = (message: string, code: ErrorCode, error: Partial<GraphQLError> = {}): GraphQLError =>
  placed(message, { code }, error);
