import { GraphQLLocalDate } from 'graphql-scalars';

/** A calendar day such as 2026-01-31, without time and zone; kept as text, so that no zone can move it. */
export const DateOnly = GraphQLLocalDate;
