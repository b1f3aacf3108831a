import { expect } from '@jest/globals';
import { Invitation } from '../../src/entities/invitation.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import { newId } from '../../src/schema/ids.js';
import { type Answer, ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { lettersTo, secretIn } from '../harness/letters.js';
import { type Person, World } from '../harness/world.js';

export const INVITE = `mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) {
  invitations { id email kind role status note createdAt expiresAt invitedBy { id } }
  alreadyMembers { id email } userErrors { field code } } }`;
const ACCEPT = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
  membership { memberId role kind company { id name } } userErrors { code } } }`;

/** A running installation with a company that invites people. */
export class Inviting {
  private constructor(
    readonly cluster: Cluster,
    readonly world: World,
  ) {}

  static async open(): Promise<Inviting> {
    const cluster = await startCluster();
    return new Inviting(cluster, await World.found(cluster.parts, cluster.issuer, 'Fernholt & Sons'));
  }

  rows(companyId = this.world.companyId): EntityManager {
    return forkFor(this.cluster.parts.orm, { companyId });
  }

  /** Somebody who signs in with this address, and names no company. */
  async signedIn(email: string): Promise<Caller> {
    return { authorization: `Bearer ${await this.cluster.issuer.token(email)}` };
  }

  async invite(input: object, as: Person = this.world.admin) {
    return (await get(this.cluster.first, as.caller, INVITE, { input })).inviteMembers;
  }

  /** Invites one address; answers the invitation's id. */
  async inviteOne(email: string, terms: object = {}, as: Person = this.world.admin): Promise<string> {
    const { invitations, userErrors } = await this.invite({ emails: [email], ...terms }, as);
    expect(userErrors).toEqual([]);
    return invitations[0].id;
  }

  accept(who: Caller, input: object): Promise<Answer> {
    return ask(this.cluster.last, who, ACCEPT, { input });
  }

  async statusOf(id: string) {
    return (await this.rows().findOneOrFail(Invitation, { id }, { refresh: true })).status;
  }

  async secretsTo(email: string, count = 1): Promise<string[]> {
    return (await lettersTo(this.cluster.database.dataDir, email, count)).map(secretIn);
  }

  close(): Promise<void> {
    return this.cluster.stop();
  }
}

export const fresh = () => `${newId('task').slice(-12)}@example.com`;

export const expectNotFound = ({ errors, data }: Answer) =>
  expect([errors.map(({ extensions }) => extensions?.reason), Object.values(data ?? {})]).toEqual([
    ['NOT_VISIBLE_OR_ABSENT'],
    [],
  ]);
