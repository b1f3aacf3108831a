import { Field, ID, InterfaceType } from 'type-graphql';
import { PublicFace } from './directives.js';

/** Whatever has a global id. */
@InterfaceType({ description: 'Whatever has a global id.' })
export abstract class Node {
  @PublicFace()
  @Field(() => ID)
  id!: string;
}
