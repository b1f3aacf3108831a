import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, get } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { startProxy, type TcpProxy } from '../harness/tcp-proxy.js';
import { World } from '../harness/world.js';

/** A file is never away. */
const suite = isEmbedded ? describe.skip : describe;

suite('while the database is away', () => {
  let database: TestDatabase;
  let issuer: TestIssuer;
  let way: TcpProxy;
  let node: Node;
  let world: World;
  beforeAll(async () => {
    database = await createDatabase();
    issuer = await startIssuer();
    const parts = await openParts(database);
    world = await World.found(parts, issuer);
    await closeParts(parts);
    way = await startProxy(database.databaseUrl as string);
    node = await startNode({ ...database, databaseUrl: way.url }, issuer);
  }, 60_000);
  afterAll(async () => {
    await node?.stop();
    await way?.close();
    await issuer?.stop();
    await database?.drop();
  });

  const NAMES = '{ workspaces { name } }';
  const MOVE = 'mutation { inviteMembers(input: { emails: ["new@example.com"] }) { userErrors { code } } }';

  it('a question is answered with 503 and when to ask again, and with 200 once the database is back', async () => {
    await get(node, world.admin.caller, NAMES);
    await way.cut();
    for (const document of [NAMES, MOVE]) {
      const { status, data, errors } = await ask(node, world.admin.caller, document);
      expect([status, data]).toEqual([503, null]);
      expect(errors).toEqual([
        {
          message: 'The database does not answer.',
          extensions: { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', traceId: expect.any(String) },
        },
      ]);
    }
    const { authorization = '', companyId = '' } = world.admin.caller;
    const headers = { 'content-type': 'application/json', authorization, 'x-company-id': companyId };
    const body = JSON.stringify({ query: NAMES });
    const response = await fetch(node.graphqlUrl, { method: 'POST', headers, body });
    expect([response.status, Number(response.headers.get('retry-after'))]).toEqual([503, 30]);
    await way.restore();
    expect(await get(node, world.admin.caller, NAMES)).toEqual({ workspaces: [{ name: 'General' }] });
    expect(await get(node, world.admin.caller, MOVE)).toEqual({ inviteMembers: { userErrors: [] } });
  });
});
