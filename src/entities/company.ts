import { OptionalProps } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { NeedsScope } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';

/** A tenant. Its row is the one that is not inside a tenant; it is reached through a membership only. */
@NeedsScope()
@ObjectType({ implements: Node, description: 'A company: everything of its own is seen by its members only.' })
@Entity({ tableName: 'companies' })
export class Company {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('company');

  @Field()
  @Property({ length: 200 })
  name!: string;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}
