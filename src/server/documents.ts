import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { MAX_TOKENS } from './limits.js';

/** How many documents are kept; clients send the same few again and again. */
const KEPT_DOCUMENTS = 1_000;
const KEPT_LENGTH = 20_000;

export interface Operation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** The variable that says nothing but where a subscription goes on from. */
  positionVariable: string | null;
}

type Checked = { document: DocumentNode } | { errors: readonly GraphQLError[] };

/** Parses and validates what sockets ask, each text once. */
export class Documents {
  readonly #known = new Map<string, Checked>();
  readonly #rules;

  constructor(
    readonly schema: GraphQLSchema,
    introspection: boolean,
  ) {
    this.#rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  }

  /** The operation, or what is wrong with the document. */
  find(query: string, operationName?: string | null): Operation | readonly GraphQLError[] {
    const checked = this.#check(query);
    if ('errors' in checked) return checked.errors;
    const { document } = checked;
    const operation = getOperationAST(document, operationName);
    if (!operation) return [mistake('The operation is not in the document.', 'OPERATION_RESOLUTION_FAILURE')];
    return { document, operation, positionVariable: positionVariable(document, operation) };
  }

  #check(query: string): Checked {
    const known = this.#known.get(query);
    if (known) return known;
    const checked = this.#checkNew(query);
    if (query.length > KEPT_LENGTH) return checked;
    // The oldest goes first; one that is in use comes back at once.
    if (this.#known.size >= KEPT_DOCUMENTS) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(query, checked);
    return checked;
  }

  #checkNew(query: string): Checked {
    try {
      const document = parse(query, { maxTokens: MAX_TOKENS });
      const errors = validate(this.schema, document, this.#rules, { maxErrors: 10 });
      if (errors.length === 0) return { document };
      return { errors: errors.map((error) => mistake(error.message, 'GRAPHQL_VALIDATION_FAILED', error)) };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { errors: [mistake(error.message, 'GRAPHQL_PARSE_FAILED', error)] };
    }
  }
}

/** `$after` of `field(after: $after)`, when the document uses it for nothing else. */
function positionVariable(document: DocumentNode, operation: OperationDefinitionNode): string | null {
  const [root] = operation.selectionSet.selections;
  if (operation.operation !== 'subscription' || root?.kind !== 'Field') return null;
  const after = root.arguments?.find(({ name }) => name.value === 'after')?.value;
  if (after?.kind !== 'Variable') return null;
  let uses = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      if (name.value === after.name.value) uses += 1;
    },
  });
  return uses === 1 ? after.name.value : null;
}

const mistake = (message: string, code: string, error?: GraphQLError) =>
  new GraphQLError(message, {
    nodes: error?.nodes,
    source: error?.source,
    positions: error?.positions,
    extensions: { code },
  });
