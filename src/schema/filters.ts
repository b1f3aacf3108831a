import { type ClassType, Field, ID, InputType, Int } from 'type-graphql';
import { DateOnly } from './scalars.js';

/** How a filter's words stand in a query. */
const OPERATORS = {
  eq: (value: unknown) => ({ $eq: value }),
  ne: (value: unknown) => ({ $ne: value }),
  in: (value: unknown) => ({ $in: value }),
  gt: (value: unknown) => ({ $gt: value }),
  gte: (value: unknown) => ({ $gte: value }),
  lt: (value: unknown) => ({ $lt: value }),
  lte: (value: unknown) => ({ $lte: value }),
  contains: (value: unknown) => ({ $like: `%${String(value).replace(/[\\%_]/g, '\\$&')}%` }),
  isNull: (value: unknown) => (value ? null : { $ne: null }),
} as const;

type Operator = keyof typeof OPERATORS;

/** The conditions of one field's filter, all of which must hold. */
export function conditionsOf(filter: object): unknown[] {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => OPERATORS[name as Operator](value));
}

@InputType({ description: 'Conditions on an id; all that are given must hold.' })
export class IdFilter {
  @Field(() => ID, { nullable: true })
  eq?: string;
  @Field(() => [ID], { nullable: true })
  in?: string[];
  @Field(() => Boolean, { nullable: true })
  isNull?: boolean;
}

@InputType({ description: 'Conditions on a text; all that are given must hold.' })
export class StringFilter {
  @Field(() => String, { nullable: true })
  eq?: string;
  @Field(() => [String], { nullable: true })
  in?: string[];
  @Field(() => String, { nullable: true })
  contains?: string;
}

@InputType({ description: 'Conditions on a whole number; all that are given must hold.' })
export class IntFilter {
  @Field(() => Int, { nullable: true })
  eq?: number;
  @Field(() => [Int], { nullable: true })
  in?: number[];
  @Field(() => Int, { nullable: true })
  gte?: number;
  @Field(() => Int, { nullable: true })
  lte?: number;
}

@InputType({ description: 'Conditions on a calendar day; all that are given must hold.' })
export class DateOnlyFilter {
  @Field(() => DateOnly, { nullable: true })
  eq?: string;
  @Field(() => DateOnly, { nullable: true })
  gte?: string;
  @Field(() => DateOnly, { nullable: true })
  lte?: string;
  @Field(() => Boolean, { nullable: true })
  isNull?: boolean;
}

@InputType({ description: 'Conditions on a point in time; all that are given must hold.' })
export class DateTimeFilter {
  @Field(() => Date, { nullable: true })
  gte?: Date;
  @Field(() => Date, { nullable: true })
  lt?: Date;
}

/** The filter type of one enum. */
export function enumFilter<T extends string>(
  enumType: Record<string, T>,
  name: string,
): ClassType<{ eq?: T; ne?: T; in?: T[] }> {
  @InputType(name, { description: 'Conditions on the value; all that are given must hold.' })
  class EnumFilter {
    @Field(() => enumType, { nullable: true })
    eq?: T;
    @Field(() => enumType, { nullable: true })
    ne?: T;
    @Field(() => [enumType], { nullable: true })
    in?: T[];
  }
  return EnumFilter;
}
