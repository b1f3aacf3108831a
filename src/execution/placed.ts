import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';

/** An error at the places of another. They are not looked for again: that means to read the document for each of them. */
export const placed = (
  message: string,
  extensions: GraphQLErrorExtensions,
  { locations, path }: Partial<GraphQLError>,
): GraphQLError =>
  Object.assign(new GraphQLError(message, { path: path ?? null, extensions }), locations && { locations });
