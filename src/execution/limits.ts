import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { type ApiError, badRequest } from '../errors.js';

/** Of a document, whatever its viewer may. The largest honest ones have a tenth of each. */
export const LIMITS = {
  /** Its text, in characters: white space and commas are no tokens. */
  length: 50_000,
  /** White space is no token, and each place that is told of an error is found by its lines. */
  lines: 3_000,
  tokens: 3_000,
  /** Selections in one another; what asks for the whole schema has 15. */
  depth: 16,
  operations: 20,
  /** Names at the top of an answer, or of a fragment. */
  rootFields: 30,
  aliases: 100,
  /** Names with two underscores are GraphQL's own. */
  reservedAliases: 0,
  directives: 50,
  fragments: 50,
  variables: 100,
  /** Of one field or directive. */
  arguments: 20,
  /** Of one object that is written into the document. */
  objectFields: 60,
  /** Written into the document: each item of a list, each field of an object. */
  values: 1_000,
  /** Lists and objects in one another, likewise. */
  valueDepth: 32,
  /** Of all operations and fragments together, when each spread stands for its fragment. */
  selections: 3_000,
  /** Fields that are merged, because they stand under one name at one place of the answer. */
  sameName: 10,
  /** Each item of a list, each field of an object; an object counts for five: all fields that it may have are looked for. */
  variableValues: 2_000,
} as const;

/** What an object counts for. */
const OBJECT_VALUES = 5;

type Limit = keyof typeof LIMITS;

/** What is beyond the limits of a document that was parsed; null when nothing is. Its cost is linear in the document. */
export function excessOf(document: DocumentNode): ApiError | null {
  try {
    new Survey(document).walk();
    return null;
  } catch (error) {
    if (error instanceof Excess) return excess(error.limit);
    throw error;
  }
}

/** The same for the text, before it is parsed. */
export function excessOfText(text: string): ApiError | null {
  if (text.length > LIMITS.length) return excess('length');
  let lines = 1;
  for (const _end of text.matchAll(/\r\n|\n|\r/g)) lines += 1;
  return lines > LIMITS.lines ? excess('lines') : null;
}

/** The same for variables, before they are looked at by their types. */
export function excessOfVariables(variables: object | null | undefined): ApiError | null {
  const nests: object[] = [variables ?? {}];
  let count = 0;
  for (let nest = nests.pop(); nest; nest = nests.pop()) {
    for (const value of Object.values(nest)) {
      const isNest = typeof value === 'object' && value !== null;
      count += isNest && !Array.isArray(value) ? OBJECT_VALUES : 1;
      if (count > LIMITS.variableValues) return excess('variableValues');
      if (isNest) nests.push(value);
    }
  }
  return null;
}

const excess = (limit: Limit): ApiError =>
  badRequest('DOCUMENT_TOO_LARGE', `A document has at most ${LIMITS[limit]} ${WORDS[limit]}.`);

class Excess extends Error {
  constructor(readonly limit: Limit) {
    super(limit);
  }
}

const WORDS: Record<Limit, string> = {
  length: 'characters',
  lines: 'lines',
  tokens: 'tokens',
  depth: 'levels of selections',
  operations: 'operations',
  rootFields: 'root fields',
  aliases: 'aliases',
  reservedAliases: 'aliases that begin with two underscores',
  directives: 'directives',
  fragments: 'fragments',
  variables: 'variables',
  arguments: 'arguments of one field',
  objectFields: 'fields of one object',
  values: 'values written into it',
  valueDepth: 'levels of lists and objects written into it',
  selections: 'selections',
  sameName: 'fields under one name at one place',
  variableValues: 'values in its variables',
};

/** What a selection gives to the answer under one name; what has one name is merged. */
interface Named {
  uses: number;
  readonly inner: Map<string, Named>;
}

const newNamed = (): Named => ({ uses: 0, inner: new Map() });

/** Walks through a document as if each spread were its fragment. Throws at the first thing that is too many. */
class Survey {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #underWay = new Set<string>();
  readonly #counts: Partial<Record<Limit, number>> = {};

  constructor(readonly document: DocumentNode) {}

  walk(): void {
    const { definitions } = this.document;
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
    }
    for (const definition of definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) {
        this.#count('operations');
        this.#directives(definition.directives);
        this.#count('variables', definition.variableDefinitions?.length ?? 0);
        for (const { directives, defaultValue } of definition.variableDefinitions ?? []) {
          this.#directives(directives);
          if (defaultValue) this.#value(defaultValue, 1);
        }
      } else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        this.#count('fragments');
        this.#directives(definition.directives);
      } else continue;
      const root = newNamed();
      this.#select(definition.selectionSet, root, 1);
      expectAtMost('rootFields', root.inner.size);
    }
  }

  #select({ selections }: SelectionSetNode, into: Named, depth: number): void {
    expectAtMost('depth', depth);
    for (const selection of selections) {
      this.#count('selections');
      this.#directives(selection.directives);
      if (selection.kind === Kind.FIELD) this.#field(selection, into, depth);
      else if (selection.kind === Kind.INLINE_FRAGMENT) this.#select(selection.selectionSet, into, depth);
      else this.#spread(selection.name.value, into, depth);
    }
  }

  #field({ alias, name, arguments: args, selectionSet }: FieldNode, into: Named, depth: number): void {
    this.#arguments(args);
    if (alias) this.#count('aliases');
    if (alias?.value.startsWith('__')) throw new Excess('reservedAliases');
    const word = (alias ?? name).value;
    const named = into.inner.get(word) ?? newNamed();
    into.inner.set(word, named);
    named.uses += 1;
    expectAtMost('sameName', named.uses);
    if (selectionSet) this.#select(selectionSet, named, depth + 1);
  }

  /** One that is not there, or stands in itself, is validation's to tell. */
  #spread(name: string, into: Named, depth: number): void {
    const fragment = this.#fragments.get(name);
    if (!fragment || this.#underWay.has(name)) return;
    this.#underWay.add(name);
    this.#select(fragment.selectionSet, into, depth);
    this.#underWay.delete(name);
  }

  #directives(directives: readonly DirectiveNode[] = []): void {
    this.#count('directives', directives.length);
    for (const { arguments: args } of directives) this.#arguments(args);
  }

  #arguments(args: readonly ArgumentNode[] = []): void {
    expectAtMost('arguments', args.length);
    for (const { value } of args) this.#value(value, 1);
  }

  #value(node: ValueNode, depth: number): void {
    this.#count('values');
    expectAtMost('valueDepth', depth);
    if (node.kind === Kind.LIST) for (const item of node.values) this.#value(item, depth + 1);
    else if (node.kind === Kind.OBJECT) {
      expectAtMost('objectFields', node.fields.length);
      for (const { value } of node.fields) this.#value(value, depth + 1);
    }
  }

  #count(limit: Limit, by = 1): void {
    const count = (this.#counts[limit] ?? 0) + by;
    this.#counts[limit] = count;
    expectAtMost(limit, count);
  }
}

function expectAtMost(limit: Limit, count: number): void {
  if (count > LIMITS[limit]) throw new Excess(limit);
}
