import { afterAll, beforeAll } from '@jest/globals';
import { newId } from '../../src/schema/ids.js';
import { PUBLIC_URL } from '../harness/browser.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { giveProvider, proveDomain } from '../harness/single-sign-on.js';
import { type Person, World } from '../harness/world.js';

/** A company that has proven its domain and signs its people in at an issuer of its own. */
export interface SsoCompany {
  world: World;
  domain: string;
  domainId: string;
  providerId: string;
  /** Somebody with an address of that domain. */
  person(role?: 'ADMIN' | 'MEMBER'): Promise<Person>;
}

/** A running installation, a name server that tests give records to, and two issuers that companies may have. */
export class SsoStage {
  private constructor(
    readonly cluster: Cluster,
    readonly names: NameServer,
    readonly own: TestIssuer,
    readonly others: TestIssuer,
  ) {}

  static async open(env: NodeJS.ProcessEnv = {}): Promise<SsoStage> {
    const names = await startNameServer();
    const [own, others] = [await startIssuer(), await startIssuer()];
    const cluster = await startCluster({ PUBLIC_URL, DNS_SERVERS: names.address, LOG_LEVEL: 'debug', ...env });
    return new SsoStage(cluster, names, own, others);
  }

  /** Of all companies with this issuer each has another domain. */
  async company(issuer: TestIssuer = this.own): Promise<SsoCompany> {
    const { cluster, names } = this;
    const world = await World.found(cluster.parts, cluster.issuer);
    const domain = newDomain();
    const domainId = await proveDomain(cluster.first, world.admin.caller, names, domain);
    const providerId = await giveProvider(cluster.first, world.admin.caller, issuer);
    const person: SsoCompany['person'] = (role = 'MEMBER') => world.member({ email: addressIn(domain), role });
    return { world, domain, domainId, providerId, person };
  }

  async close(): Promise<void> {
    await this.cluster.stop();
    await Promise.all([this.own.stop(), this.others.stop(), this.names.stop()]);
  }
}

/** A stage of the suite's own: `take` is given it before the tests, and it closes after them. */
export function withSsoStage(env: NodeJS.ProcessEnv, take: (stage: SsoStage) => void): void {
  let stage: SsoStage | undefined;
  beforeAll(async () => {
    stage = await SsoStage.open(env);
    take(stage);
  }, 60_000);
  afterAll(() => stage?.close());
}

const unique = () => newId('domain').slice(-10);
export const newDomain = () => `${unique()}.example`;
export const addressIn = (domain: string) => `p-${unique()}@${domain}`;
