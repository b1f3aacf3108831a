import { Field, InputType, registerEnumType } from 'type-graphql';
import { ProjectStatus, Visibility } from '../entities/vocabulary.js';
import { DateTimeFilter, enumFilter, IdFilter, StringFilter } from '../schema/filters.js';
import { OrderDirection } from '../schema/order.js';

const ProjectStatusFilter = enumFilter(ProjectStatus, 'ProjectStatusFilter');
const VisibilityFilter = enumFilter(Visibility, 'VisibilityFilter');

@InputType({ description: 'Which projects; all conditions that are given must hold.' })
export class ProjectFilter {
  @Field(() => StringFilter, { nullable: true })
  key?: StringFilter;
  @Field(() => StringFilter, { nullable: true })
  name?: StringFilter;
  @Field(() => ProjectStatusFilter, { nullable: true })
  status?: InstanceType<typeof ProjectStatusFilter>;
  @Field(() => VisibilityFilter, { nullable: true })
  visibility?: InstanceType<typeof VisibilityFilter>;
  @Field(() => IdFilter, { nullable: true })
  managerId?: IdFilter;
  @Field(() => DateTimeFilter, { nullable: true })
  createdAt?: DateTimeFilter;
  @Field(() => [ProjectFilter], { nullable: true })
  and?: ProjectFilter[];
  @Field(() => [ProjectFilter], { nullable: true })
  or?: ProjectFilter[];
  @Field(() => ProjectFilter, { nullable: true })
  not?: ProjectFilter;
}

export const ProjectOrderField = { KEY: 'key', NAME: 'name', CREATED_AT: 'createdAt' } as const;
registerEnumType(ProjectOrderField, { name: 'ProjectOrderField', description: 'What projects can be sorted by.' });

@InputType({ description: 'How the projects are sorted.' })
export class ProjectOrder {
  @Field(() => ProjectOrderField)
  field!: (typeof ProjectOrderField)[keyof typeof ProjectOrderField];
  @Field(() => OrderDirection, { defaultValue: 'ASC' })
  direction!: OrderDirection;
}
