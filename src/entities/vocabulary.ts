import { Type } from '@mikro-orm/core';
import { registerEnumType } from 'type-graphql';
import { SCOPES } from '../schema/scopes.js';

/** Declares a string enum once, for TypeScript, the database and the schema. */
function vocabulary<const T extends string>(
  name: string,
  description: string,
  ...words: T[]
): { readonly [K in T]: K } {
  const values = Object.fromEntries(words.map((word) => [word, word])) as { [K in T]: K };
  registerEnumType(values, { name, description });
  return values;
}

export const Role = vocabulary('Role', 'What somebody is in a company.', 'ADMIN', 'SUPERVISOR', 'MEMBER');
export type Role = keyof typeof Role;

export const MembershipKind = vocabulary(
  'MembershipKind',
  'Internal members see internal and public records, external ones public records only.',
  'INTERNAL',
  'EXTERNAL',
);
export type MembershipKind = keyof typeof MembershipKind;

export const Level = vocabulary(
  'Level',
  'What somebody may do with an object, from least to most.',
  'VIEW',
  'COMMENT',
  'EDIT',
  'MANAGE',
);
export type Level = keyof typeof Level;

export const Visibility = vocabulary(
  'Visibility',
  'Who sees a project without a permission of their own.',
  'MEMBERS',
  'INTERNAL',
  'EXTERNAL',
  'EVERYONE',
);
export type Visibility = keyof typeof Visibility;

export const Privacy = vocabulary(
  'Privacy',
  'PUBLIC: all who see the project. INTERNAL: not the externals. PRIVATE: its author and those named in it.',
  'PUBLIC',
  'INTERNAL',
  'PRIVATE',
);
export type Privacy = keyof typeof Privacy;

export const ProjectStatus = vocabulary(
  'ProjectStatus',
  'Where a project stands.',
  'PLANNED',
  'IN_PROGRESS',
  'COMPLETED',
  'CANCELLED',
  'SUSPENDED',
);
export type ProjectStatus = keyof typeof ProjectStatus;

export const TaskStatus = vocabulary(
  'TaskStatus',
  'Where a task stands.',
  'NEW',
  'IN_PROGRESS',
  'CLOSURE_REQUESTED',
  'CANCELLATION_REQUESTED',
  'AWAITING_OWNER',
  'AWAITING_MEMBER',
  'AWAITING_PROJECT',
  'AWAITING_TASK',
  'SUSPENDED',
  'CLOSED',
  'CANCELLED',
);
export type TaskStatus = keyof typeof TaskStatus;

export const PublicTaskStatus = vocabulary(
  'PublicTaskStatus',
  'Where a task stands, as an anonymous follower may know it.',
  'OPEN',
  'AWAITING_OWNER',
  'CLOSURE_REQUESTED',
  'CLOSED',
  'CANCELLATION_REQUESTED',
  'CANCELLED',
);
export type PublicTaskStatus = keyof typeof PublicTaskStatus;

export const PublicProjectStatus = vocabulary(
  'PublicProjectStatus',
  'Where a project stands, as an anonymous follower may know it.',
  'OPEN',
  'CLOSED',
  'CANCELLED',
);
export type PublicProjectStatus = keyof typeof PublicProjectStatus;

export const Priority = vocabulary('Priority', 'How urgent a task is.', 'LOWEST', 'LOW', 'NORMAL', 'HIGH', 'HIGHEST');
export type Priority = keyof typeof Priority;

/** Stored as a number, so that the database sorts it. */
export class PriorityType extends Type<Priority, number> {
  static readonly NORMAL = 2;

  override convertToDatabaseValue(value: Priority): number {
    return PRIORITIES.indexOf(value);
  }
  override convertToJSValue(value: number): Priority {
    return PRIORITIES[value] ?? Priority.NORMAL;
  }
  override getColumnType(): string {
    return 'smallint';
  }
}
const PRIORITIES = Object.values(Priority);

export const ClosingPolicy = vocabulary(
  'ClosingPolicy',
  "Who may close or cancel a workspace's tasks; the others' wish becomes a request that the owner decides.",
  'ANY_INTERNAL',
  'ANYONE',
  'ON_REQUEST',
);
export type ClosingPolicy = keyof typeof ClosingPolicy;

export const FollowedKind = vocabulary(
  'FollowedKind',
  'What an anonymous follow can be granted for.',
  'TASK',
  'PROJECT',
);
export type FollowedKind = keyof typeof FollowedKind;

export const AuditResult = vocabulary('AuditResult', 'What came of what somebody wanted to do.', 'DONE', 'REFUSED');
export type AuditResult = keyof typeof AuditResult;

export const Scope = vocabulary('Scope', 'What an API key may do, area by area; who writes reads as well.', ...SCOPES);
export type Scope = keyof typeof Scope;

export const EntryPointKind = vocabulary(
  'EntryPointKind',
  "By what somebody comes into the company: as a member, by the company's own issuer, an invitation, an API key, a follow link, or leave for the operator's support.",
  'MEMBER',
  'SSO',
  'INVITATION',
  'API_KEY',
  'FOLLOW',
  'SUPPORT',
);
export type EntryPointKind = keyof typeof EntryPointKind;

export const InvitationStatus = vocabulary(
  'InvitationStatus',
  'Where an invitation stands.',
  'PENDING',
  'ACCEPTED',
  'DECLINED',
  'REVOKED',
  'EXPIRED',
);
export type InvitationStatus = keyof typeof InvitationStatus;

export const SsoProtocol = vocabulary('SsoProtocol', "What a company's own issuer speaks.", 'OIDC', 'SAML');
export type SsoProtocol = keyof typeof SsoProtocol;
