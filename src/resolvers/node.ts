import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { badInput, notFound } from '../errors.js';
import { ForReading } from '../schema/directives.js';
import { Node } from '../schema/node.js';
import type { GraphContext } from './context.js';
import { findNode, findNodes } from './find-nodes.js';

const MOST_IDS = 100;

@Resolver()
export class NodeResolver {
  @ForReading()
  @Query(() => Node, { description: 'Any object that you see, by its global id.' })
  async node(@Arg('id', () => ID) id: string, @Ctx() context: GraphContext): Promise<Node> {
    const node = await findNode(context, id);
    if (!node) throw notFound();
    return node;
  }

  @ForReading()
  @Query(() => [Node], {
    nullable: 'items',
    description: 'Up to 100 objects, in the order of their ids; null where `node` would find nothing.',
  })
  async nodes(@Arg('ids', () => [ID]) ids: string[], @Ctx() context: GraphContext): Promise<(Node | null)[]> {
    if (ids.length > MOST_IDS) throw badInput('NUMBER_OF_IDS', `Ask for at most ${MOST_IDS} objects at a time.`);
    return findNodes(context, ids);
  }
}
