import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { notFound } from '../errors.js';
import { ForMembers } from '../schema/directives.js';
import { Node } from '../schema/node.js';
import type { GraphContext } from './context.js';
import { findNode } from './find-node.js';

@Resolver()
export class NodeResolver {
  @ForMembers()
  @Query(() => Node, { description: 'Any object that you see, by its global id.' })
  async node(@Arg('id', () => ID) id: string, @Ctx() context: GraphContext): Promise<Node> {
    const node = await findNode(context, id);
    if (!node) throw notFound();
    return node;
  }
}
