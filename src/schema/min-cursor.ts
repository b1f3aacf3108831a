import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import { type GraphQLSchema, GraphQLString } from 'graphql';

export const MIN_CURSOR = 'minCursor';

/** Gives every query of a company the argument that lets it read what was written before. */
export const withMinCursor = (schema: GraphQLSchema): GraphQLSchema =>
  mapSchema(schema, {
    [MapperKind.QUERY_ROOT_FIELD]: (field) => {
      if (!getDirective(schema, field, 'tenant')) return undefined;
      const description =
        "A mutation's `cursor`: what is answered is at least as new. Waits for a short while, then NOT_YET_VISIBLE.";
      return { ...field, args: { ...field.args, [MIN_CURSOR]: { type: GraphQLString, description } } };
    },
  });
