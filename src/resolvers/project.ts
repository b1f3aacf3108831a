import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { expectReading } from '../auth/viewer.js';
import { createProject, setProjectPermission } from '../domain/projects.js';
import { Member } from '../entities/member.js';
import { Project, Workspace } from '../entities/project.js';
import { all } from '../entities/row-filter.js';
import { findRow, listRows, type Row } from '../entities/rows.js';
import { Level, Visibility } from '../entities/vocabulary.js';
import { notFound } from '../errors.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForActing, ForMembers, ForReading, HasRole } from '../schema/directives.js';
import { expectId } from '../schema/ids.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH, TEXT_LENGTH } from '../schema/texts.js';
import { answer, answerActing } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { filterOf } from './filter.js';
import { findPage } from './page.js';
import { ProjectFilter, ProjectOrder } from './project-filter.js';
import { requestedColumns } from './requested-columns.js';
import { findVisibleProject, privaciesOf, visibleProjects } from './visible.js';

const ProjectConnection = connectionOf(Project, 'Project');
const CreateProjectPayload = payloadType('CreateProjectPayload', 'project', Project);
const SetProjectPermissionPayload = payloadType('SetProjectPermissionPayload', 'project', Project);

@InputType()
class CreateProjectInput {
  @Field(() => ID)
  workspaceId!: string;
  @Field({ description: 'Two to ten capital letters and digits: the WEB of WEB-42.' })
  key!: string;
  @MaxCharacters(NAME_LENGTH)
  @Field()
  name!: string;
  @IsOptional()
  @MaxCharacters(TEXT_LENGTH)
  @Field(() => String, { nullable: true })
  description?: string;
  @Field(() => Visibility, { nullable: true })
  visibility?: Visibility;
  @Field(() => ID, { nullable: true, description: 'An internal member; you, unless given.' })
  managerId?: string;
}

@InputType()
class SetProjectPermissionInput {
  @Field(() => ID)
  projectId!: string;
  @Field(() => ID)
  memberId!: string;
  @Field(() => Level, { nullable: true, description: 'Null takes the permission away.' })
  level!: Level | null;
  @Field(() => Boolean, { nullable: true, description: 'For externals: the project takes them as internal.' })
  asInternal?: boolean;
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether they may grant anonymous follows of the project and its public tasks: given by administrators, to internals; as it was, unless given.',
  })
  canShare?: boolean;
}

@Resolver(() => Project)
export class ProjectResolver {
  @ForReading('PROJECTS_READ')
  @Query(() => Project)
  async project(@Arg('id', () => ID) id: string, @Ctx() context: GraphContext): Promise<Row<Project>> {
    const project = await findVisibleProject(context, expectId('project', id));
    if (!project) throw notFound('project');
    return project;
  }

  @ForReading('PROJECTS_READ')
  @Query(() => ProjectConnection, { description: 'The projects that you see, by key.' })
  async projects(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('filter', () => ProjectFilter, { nullable: true }) filter?: ProjectFilter,
    @Arg('orderBy', () => ProjectOrder, { nullable: true }) orderBy?: ProjectOrder,
  ) {
    return findPage(context, Project, {
      page,
      route: COMPANY,
      filter: all(await visibleProjects(context), filterOf(filter, { managerId: ['manager', 'member'] })),
      orderBy: orderBy ?? { field: 'key', direction: 'ASC' },
      unique: 'key',
      columns: requestedColumns(info),
    });
  }

  @ForReading('PROJECTS_READ')
  @Query(() => [Workspace], { description: 'The workspaces of the company; for internal members.' })
  workspaces(@Ctx() context: GraphContext): Promise<Row<Workspace>[]> | Row<Workspace>[] {
    if (!privaciesOf(expectReading(context.viewer)).includes('INTERNAL')) return [];
    const orderBy = [['name', 'ASC'] as const, ['id', 'ASC'] as const];
    return listRows(context.rowsOf(COMPANY), Workspace, true, { orderBy, limit: 100 });
  }

  @HasRole('ADMIN')
  @ForActing('PROJECTS_WRITE')
  @Mutation(() => CreateProjectPayload)
  createProject(
    @Arg('input') input: CreateProjectInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerActing(context, info, 'project', (parts, viewer) => createProject(parts, viewer, input));
  }

  @ForMembers()
  @Mutation(() => SetProjectPermissionPayload, {
    description: 'What a member may do in a project; needs MANAGE on it.',
  })
  setProjectPermission(
    @Arg('input') input: SetProjectPermissionInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'project', (parts, viewer) =>
      setProjectPermission(parts, viewer, { ...input, level: input.level ?? null }),
    );
  }

  @Reads('workspace')
  @FieldResolver(() => Workspace, { nullable: true, description: 'For internal members.' })
  workspace(@Root() project: Row<Project>, @Ctx() context: GraphContext): Promise<Row<Workspace> | null> | null {
    const isInternal = privaciesOf(expectReading(context.viewer)).includes('INTERNAL');
    return isInternal ? findRow(context.rowsOf(COMPANY), Workspace, project.workspace.id) : null;
  }

  @Reads('manager')
  @FieldResolver(() => Member)
  manager(@Root() project: Row<Project>, @Ctx() { references }: GraphContext): Row<Member> | Promise<Row<Member>> {
    return references.member(project.manager.id);
  }
}
