import { type ClassType, Field, ObjectType } from 'type-graphql';
import { badInput } from '../errors.js';
import { PublicFace } from './directives.js';

/** Where a page begins and ends (Relay). */
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
  @ObjectType(`${name}Edge`)
  class NodeEdge implements Edge<T> {
    @PublicFace()
    @Field(() => Node)
    node!: T;

    @PublicFace()
    @Field()
    cursor!: string;
  }

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

/** Returns the page size. Throws BAD_USER_INPUT outside 1–100: a page is asked for, never implied. */
export function expectPageSize(first: number): number {
  if (first >= 1 && first <= MAX_PAGE_SIZE) return first;
  throw badInput('PAGE_SIZE', `"first" must be from 1 to ${MAX_PAGE_SIZE}.`);
}
