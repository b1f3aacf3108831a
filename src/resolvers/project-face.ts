import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from 'type-graphql';
import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import { type ProjectStatus, PublicProjectStatus } from '../entities/vocabulary.js';
import { PublicFace } from '../schema/directives.js';
import type { GraphContext } from './context.js';
import { findVisibleProject } from './visible.js';

/** A project's inner states are no matter of who follows it. */
const PUBLIC_STATUS: Readonly<Record<ProjectStatus, PublicProjectStatus>> = {
  PLANNED: 'OPEN',
  IN_PROGRESS: 'OPEN',
  SUSPENDED: 'OPEN',
  COMPLETED: 'CLOSED',
  CANCELLED: 'CANCELLED',
};

@ObjectType({ description: 'The public face of a project: all that an anonymous follower is shown of it.' })
export class ProjectFace {
  @PublicFace()
  @Field({ description: "First part of the tasks' keys: the WEB of WEB-42." })
  key!: string;

  @PublicFace()
  @Field()
  name!: string;

  @PublicFace()
  @Field(() => PublicProjectStatus)
  publicStatus!: PublicProjectStatus;

  /** Whose progress is counted when somebody asks for it. */
  projectId!: string;
}

/** The public face of the project of that id, when the viewer sees it: a follower the one followed. */
export async function findProjectFace(context: GraphContext, id: string): Promise<ProjectFace | null> {
  const { viewer } = context;
  const isFollowed = viewer.kind === 'FOLLOWER' && viewer.objectId === id;
  const project = isFollowed ? await context.references.findProject(id) : await findVisibleProject(context, id);
  return project && faceOf(project);
}

const faceOf = ({ id, key, name, status }: Row<Project>): ProjectFace => ({
  key,
  name,
  publicStatus: PUBLIC_STATUS[status],
  projectId: id,
});

@Resolver(() => ProjectFace)
export class ProjectFaceResolver {
  @PublicFace()
  @FieldResolver(() => Int, {
    description: 'How many of its public tasks are closed, in percent; cancelled ones are not counted.',
  })
  progressPercent(@Root() { projectId }: ProjectFace, @Ctx() context: GraphContext): Promise<number> {
    return context.publicProgressOf(projectId);
  }
}
