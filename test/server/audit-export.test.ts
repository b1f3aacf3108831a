import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessTokenVerifier } from '../../src/auth/access-token.js';
import { Authenticator } from '../../src/auth/authenticate.js';
import type { Viewer } from '../../src/auth/viewer.js';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import { deactivateMember } from '../../src/domain/members.js';
import { Refusals } from '../../src/domain/refusals.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { updateMember } from '../../src/domain/update-member.js';
import { createAuditExport } from '../../src/server/audit-export.js';
import { createErrorFormat } from '../../src/server/error-format.js';
import { RateLimits } from '../../src/server/rate-limits.js';
import { TrustedProxies } from '../../src/transport/trusted-proxies.js';
import { withOwnParts } from '../harness/own-parts.js';
import { type Person, World } from '../harness/world.js';

/** More than two pages of it are read one after the other. */
const ENTRIES = 2_100;
const PAGE = 1_000;
const ORIGIN = { address: '192.0.2.7', userAgent: null };

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
beforeAll(async () => {
  world = await World.found(parts, null);
  const writer = new AuditWriter(parts);
  const by = { actorId: null, entryPoint: 'FOLLOWER' } as const;
  for (let i = 1; i <= ENTRIES; i += 1) {
    writer.add(world.companyId, { action: 'access', reason: 'FOLLOW_INVALID', by, from: ORIGIN });
    if (i % 700 === 0) await writer.close();
  }
}, 60_000);

/** Knows one person, to whom something happens when the first page has been read. */
class Door extends Authenticator {
  confirmed = 0;

  constructor(
    readonly person: Person,
    readonly meanwhile: () => Promise<unknown>,
  ) {
    super(parts.orm, new AccessTokenVerifier([]), parts.keyring, async () => person.viewer.userId);
  }

  override async authenticate(): Promise<Viewer> {
    return this.person.viewer;
  }

  override async confirm(viewer: Viewer): Promise<Viewer> {
    this.confirmed += 1;
    if (this.confirmed === 1) await this.meanwhile();
    return super.confirm(viewer);
  }
}

let server: Server | undefined;
afterAll(() => void server?.close());

/** What somebody gets of the export, and whether they got to its end. */
async function exportAs(person: Person, meanwhile: () => Promise<unknown>) {
  const handle = createAuditExport({
    parts,
    authenticator: new Door(person, meanwhile),
    refusals: new Refusals(new AuditWriter(parts)),
    rates: new RateLimits(null, 1_000_000, 60),
    formatError: createErrorFormat(parts.log),
    trustedProxies: new TrustedProxies([]),
    door: { enter: () => undefined } as never,
  });
  server?.close();
  server = createServer((request, response) => void handle(request, response, new URL('http://x.example/')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const decoder = new TextDecoder();
  let text = '';
  try {
    const { body } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true });
    return { isWhole: true, lines: text.split('\n').length - 1 };
  } catch {
    return { isWhole: false, lines: text.split('\n').length - 1 };
  }
}

describe('an export that goes on for a while', () => {
  it('has all pages for who is an administrator to the end', async () => {
    const person = await world.member({ role: 'ADMIN' });
    const { isWhole, lines } = await exportAs(person, async () => {});
    expect(isWhole).toBe(true);
    expect(lines).toBeGreaterThan(ENTRIES);
  });

  it.each<[string, (person: Person) => Promise<unknown>]>([
    [
      'is no administrator any more',
      ({ member }) => updateMember(parts, world.admin.viewer, member.id, { role: 'MEMBER' }),
    ],
    ['was deactivated', ({ member }) => deactivateMember(parts, world.admin.viewer, member.id)],
  ])('is broken off after the page at hand for who %s', async (_what, lose) => {
    const person = await world.member({ role: 'ADMIN' });
    const { isWhole, lines } = await exportAs(person, () => lose(person));
    expect(isWhole).toBe(false);
    expect(lines).toBeLessThanOrEqual(PAGE);
  });
});
