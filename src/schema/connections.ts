import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { badInput } from '../errors.js';
import { NeedsScope, PublicFace } from './directives.js';

/** Where a page begins and ends (Relay). */
@NeedsScope()
@ObjectType()
export class PageInfo {
  @PublicFace()
  @Field()
  hasNextPage!: boolean;

  @PublicFace()
  @Field()
  hasPreviousPage!: boolean;

  @PublicFace()
  @Field(() => String, { nullable: true })
  startCursor!: string | null;

  @PublicFace()
  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

export interface Edge<T> {
  node: T;
  cursor: string;
}
export interface Connection<T> {
  edges: Edge<T>[];
  nodes: T[];
  pageInfo: PageInfo;
}

/** The Relay connection type of a node type, with the `nodes` shortcut. */
export function connectionOf<T extends object>(Node: ClassType<T>, name: string): ClassType<Connection<T>> {
  @NeedsScope()
  @ObjectType(`${name}Edge`)
  class NodeEdge implements Edge<T> {
    @PublicFace()
    @Field(() => Node)
    node!: T;

    @PublicFace()
    @Field()
    cursor!: string;
  }

  @NeedsScope()
  @ObjectType(`${name}Connection`)
  class NodeConnection implements Connection<T> {
    @PublicFace()
    @Field(() => [NodeEdge])
    edges!: NodeEdge[];

    @PublicFace()
    @Field(() => [Node])
    nodes!: T[];

    @PublicFace()
    @Field()
    pageInfo!: PageInfo;
  }
  return NodeConnection;
}

export const MAX_PAGE_SIZE = 100;

/** Which page of a connection: so many from its beginning or its end, or from one of its cursors. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: 'So many, from 1 to 100, from the beginning or after a cursor.' })
  first?: number | null;
  @Field(() => String, { nullable: true, description: 'Only what comes after this cursor; with `first`.' })
  after?: string | null;
  @Field(() => Int, { nullable: true, description: 'So many, from 1 to 100, before the end or before a cursor.' })
  last?: number | null;
  @Field(() => String, { nullable: true, description: 'Only what comes before this cursor; with `last`.' })
  before?: string | null;
}

/** A page as it was asked for. */
export interface PageSpan {
  size: number;
  isBackward: boolean;
  cursor: string | null;
}

/** Throws BAD_USER_INPUT unless one size from 1 to 100 is given, with its own cursor: a page is asked for, never implied. */
export function expectPage({ first, after, last, before }: PageArgs): PageSpan {
  const isBackward = last != null;
  if (isBackward === (first != null)) throw badInput('PAGE_SIZE', 'Give either "first" or "last".');
  if (isBackward ? after != null : before != null)
    throw badInput('PAGE_CURSOR', '"after" goes with "first", "before" with "last".');
  const size = last ?? (first as number);
  if (size < 1 || size > MAX_PAGE_SIZE)
    throw badInput('PAGE_SIZE', `"${isBackward ? 'last' : 'first'}" must be from 1 to ${MAX_PAGE_SIZE}.`);
  return { size, isBackward, cursor: (isBackward ? before : after) ?? null };
}
