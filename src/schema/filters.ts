import { type ClassType, Field, ID, InputType, Int } from 'type-graphql';
import { DateOnly } from './scalars.js';

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

@InputType({ description: 'Conditions on one of a few words; all that are given must hold.' })
export class WordFilter {
  @Field(() => String, { nullable: true })
  eq?: string;
  @Field(() => [String], { nullable: true })
  in?: string[];
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
  @Field(() => Boolean, { nullable: true })
  isNull?: boolean;
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
