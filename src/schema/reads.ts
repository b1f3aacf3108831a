import { Extensions } from 'type-graphql';

/** The columns of its object that a resolved field is made of. Without it, all are read. */
export const Reads = (...columns: string[]) => Extensions({ reads: columns });
